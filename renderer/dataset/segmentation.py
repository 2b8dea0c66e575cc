"""COCO segmentations of either kind → masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.dataset.stored import Stored
from renderer.truth.mask import Mask, decode_rle


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


def mask_of(record: Stored, height: int, width: int) -> Mask:
    """Return the visible mask (h, w) of an annotation.

    Raises:
        DatasetError: its segmentation cannot be decoded.

    """
    try:
        return to_mask(record["segmentation"], height, width)
    except (ValueError, TypeError) as error:
        which = (
            f"annotation {record.id}" if isinstance(record, AnnotationRecord) else "an annotation"
        )
        raise DatasetError(f"{which}: its segmentation cannot be decoded ({error})") from None
