"""Masks as arrays and as COCO run lengths."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]


class Rle(TypedDict):
    """A compressed COCO run-length mask; ``size`` is [height, width]."""

    size: list[int]
    counts: str


def encode_rle(mask: Mask) -> Rle:
    """Return the compressed COCO RLE of a mask (h, w)."""
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(n) for n in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def decode_rle(rle: Rle) -> Mask:
    """Return the mask (h, w) of a compressed COCO RLE."""
    counts = {"size": rle["size"], "counts": rle["counts"].encode("ascii")}
    return np.asarray(coco_mask.decode(counts), np.bool_)


def tight_box(mask: Mask) -> Box:
    """Return (x, y, width, height) of the smallest box of whole pixels around a mask's pixels.

    Raises ValueError for an empty mask, which has no box.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        raise ValueError("an empty mask has no box")
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) - x + 1, int(rows[-1]) - y + 1
