"""Masks as arrays and as COCO run lengths."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from renderer.geometry.crop import Crop, Mask

_MORE, _NEGATIVE = 32, 16


class Rle(TypedDict):
    """A compressed COCO run-length mask; ``size`` is [height, width]."""

    size: list[int]
    counts: str


def encode_rle(mask: Mask) -> Rle:
    """Return the compressed COCO RLE of a mask (h, w)."""
    return encode_crop(Crop.whole(mask))


def encode_crop(crop: Crop) -> Rle:
    """Return the compressed COCO RLE of a mask of a frame, without an array of the frame's size.

    Runs go down the columns, one after the other.
    """
    width, height = crop.frame_size
    # Down each column, an empty row before and behind it: 1 where a run begins, -1 behind it.
    edges = np.diff(np.pad(crop.mask, ((1, 1), (0, 0))).astype(np.int8), axis=0).T
    bounds = []
    for edge in (1, -1):
        column, row = np.nonzero(edges == edge)
        bounds.append((crop.left + column) * height + crop.top + row)
    starts, ends = bounds
    # Where the crop is as high as the frame, a run may go on at the top of the next column.
    apart = starts[1:] != ends[:-1]
    places = np.empty(2 * (int(apart.sum()) + (len(starts) > 0)), np.int64)
    places[::2] = starts[np.concatenate([[True], apart])] if len(starts) else starts
    places[1::2] = ends[np.concatenate([apart, [True]])] if len(starts) else ends
    counts = np.diff(places, prepend=0, append=width * height)
    if counts[-1] == 0:
        counts = counts[:-1]
    encoded = coco_mask.frPyObjects(
        {"counts": counts.tolist(), "size": [height, width]}, height, width
    )
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}


def decode_rle(rle: Rle) -> Mask:
    """Return the mask (h, w) of a compressed COCO RLE.

    pycocotools shows what lies about in memory where the runs end too early (2.0.11), and reads
    beyond a text that breaks off.

    Raises:
        ValueError: the runs are not those of a mask of this size.

    """
    height, width = rle["size"]
    runs = _run_lengths(rle["counts"])
    if runs.min() < 0 or runs.max() > height * width or int(runs.sum()) != height * width:
        raise ValueError(f"its runs are not {height * width} pixels long")
    values = np.arange(len(runs)) % 2 == 1  # a mask begins with what it leaves out
    return np.repeat(values, runs).reshape(width, height).T


def to_mask(segmentation: Any, height: int, width: int) -> Mask:
    """Return the mask (h, w) of an RLE or of polygons.

    Raises:
        ValueError: the segmentation is neither, or of another size than the image.

    """
    if isinstance(segmentation, dict):
        if list(segmentation.get("size", [])) != [height, width]:
            raise ValueError(f"its size {segmentation.get('size')} is not the image's")
        return decode_rle(segmentation)  # type: ignore[arg-type]
    if isinstance(segmentation, list):
        if not segmentation:
            return np.zeros((height, width), np.bool_)
        runs = coco_mask.frPyObjects(segmentation, height, width)
        return np.asarray(coco_mask.decode(coco_mask.merge(runs)), np.bool_)
    raise ValueError("it is neither an RLE nor a list of polygons")


def _run_lengths(counts: str) -> npt.NDArray[np.int64]:
    """Return the lengths in a text of COCO: each in digits of 5 bits, the lowest first, with a flag
    that more come and a sign in the last; from the fourth on, the difference to the last but one.
    """
    codes = np.frombuffer(counts.encode("utf-8"), np.uint8).astype(np.int64) - 48
    last = (codes & _MORE) == 0
    starts = np.flatnonzero(np.concatenate([[True], last[:-1]]))
    sizes = np.diff(np.append(starts, len(codes)))
    if not len(codes) or codes.min() < 0 or codes.max() > 63 or not last[-1] or sizes.max() > 7:
        raise ValueError("its runs are no text of a COCO RLE")
    shifts = 5 * (np.arange(len(codes)) - np.repeat(starts, sizes))
    runs: npt.NDArray[np.int64] = np.add.reduceat((codes & 31) << shifts, starts)
    runs -= np.where(codes[last] & _NEGATIVE, 1 << (5 * sizes), 0)
    for first in (1, 2):
        runs[first::2] = np.cumsum(runs[first::2])
    return runs
