"""VOC's pictures of classes and objects: a byte a pixel, with a palette."""

from __future__ import annotations

from collections import Counter

import numpy as np

from renderer.export.checked import seen_mask
from renderer.export.format import DatasetHead
from renderer.export.index_png import encode_palette_png
from renderer.export.sample import Sample
from renderer.export.semantic_map import background_pixels
from renderer.export.target import Target

# 0 is background, and 255 is to be ignored.
MOST_CLASSES = 254
_IGNORED = 255
_MANY = f"pictures of classes and objects of images with more than {MOST_CLASSES} objects"
_UNKNOWN = (
    "pictures of classes and objects of images with objects too little of which is seen for a "
    "label (only semantic labels say where those are)"
)


class VocMasks:
    """Writes the two pictures of an image, if they can say what is in it."""

    def __init__(self, head: DatasetHead, target: Target, left_out: Counter[str]) -> None:
        """Write to a target, and count in ``left_out`` what is not written."""
        self._indices = {number: at for at, number in enumerate(head.categories, start=1)}
        self._target, self._left_out = target, left_out

    def write(self, sample: Sample) -> bool:
        """Write them; tell whether they could be."""
        background = background_pixels(sample)
        if background is None or len(sample.annotations) > MOST_CLASSES:
            self._left_out[_UNKNOWN if background is None else _MANY] += 1
            return False
        classes = np.where(background, 0, _IGNORED).astype(np.uint8)
        objects = classes.copy()
        for number, record in enumerate(sample.annotations, start=1):
            mask = seen_mask(record, sample.image)
            classes[mask] = _IGNORED if record.iscrowd else self._indices[record.category_id]
            objects[mask] = _IGNORED if record.iscrowd else number
        for folder, indices in (("SegmentationClass", classes), ("SegmentationObject", objects)):
            self._target.write(f"{folder}/{sample.stem}.png", encode_palette_png(indices))
        return True
