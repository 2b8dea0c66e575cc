"""YOLO oriented boxes, as Ultralytics reads them: the four corners of a turned rectangle an object.

https://docs.ultralytics.com/datasets/obb: ``class x1 y1 x2 y2 x3 y3 x4 y4``. An image is passed
over where the box about the corners of one is larger than the picture or has its middle outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import cv2
import numpy as np
import numpy.typing as npt

from renderer.dataset.records import AnnotationRecord
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.outline import crop_of
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.geometry.crop import Crop

Corners = npt.NDArray[np.float64]

_BEYOND = (
    "rectangles as they are where pictures are cropped: their corners lie beyond the picture, and "
    "there Ultralytics clips them and fits a rectangle of its own"
)
_UPRIGHT = (
    "the turn of rectangles that reach so far beyond the picture that Ultralytics would pass the "
    "image over (the upright box stands in their place)"
)
# Corners are single precision: a rectangle on the picture's edge may lie so far beyond it.
_NEAR = 1e-3


class YoloObb(Format[Options]):
    """Oriented boxes for Ultralytics: images/, labels/ with the four corners of the smallest turned
    rectangle about each visible mask, data.yaml.
    """

    name = "yolo-obb"
    needs = ("mask",)
    carries = ("mask",)
    partly: ClassVar = {"mask": "the smallest turned rectangle about it"}
    copies = False
    caches = ultralytics.caches_of("labels")

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return how it is read."""
        del options
        return ultralytics.guide_of_lines(
            head,
            (
                "A line is `class x1 y1 x2 y2 x3 y3 x4 y4`: the corners of a turned rectangle.",
                "The rectangle is the one of the smallest area about the visible pixels, edges of "
                "pixels included; its corners go round it, and no side or direction of the object "
                "is meant by the first.",
                "Corners may lie beyond the picture, below 0 or above 1.",
            ),
            task="obb",
            option=", is_obb=True",
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and label files, and data.yaml at the end."""
        del options
        classes, left_out = ultralytics.class_numbers(head), ultralytics.LeftOut()

        def line_of(sample: Sample, record: AnnotationRecord) -> ultralytics.Line:
            number = ultralytics.class_of(record, classes)
            corners = _corners(crop_of(sample, record), left_out)
            size = sample.image.width, sample.image.height
            box = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
            return ultralytics.Line(
                f"{number} {ultralytics.shares(corners.ravel().tolist(), *size)}",
                same=f"{number} {ultralytics.shares(box.tolist(), *size)}",
            )

        summary = ultralytics.write_lines(samples, target, line_of, left_out)
        target.write("data.yaml", ultralytics.data_yaml(head, head.categories.values()))
        return ultralytics.told(head, summary, left_out)


def _corners(crop: Crop, left_out: ultralytics.LeftOut) -> Corners:
    """Return the corners (4, 2) in pixels; where the rectangle is not the smallest, or will not be
    once it is read, that is counted.
    """
    corners = _smallest(crop)
    size = np.array(crop.frame_size)
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (low >= -_NEAR).all() and (high <= size + _NEAR).all():
        return corners.clip(0, size)
    middle = (low + high) / 2
    if (high - low > size).any() or (middle < 0).any() or (middle > size).any():
        left_out[_UPRIGHT] += 1
        x, y, width, height = crop.box
        right, bottom = x + width, y + height
        return np.array([[x, y], [right, y], [right, bottom], [x, bottom]], np.float64)
    left_out[_BEYOND] += 1
    return corners


def _smallest(crop: Crop) -> Corners:
    """Return the corners (4, 2) of the smallest rectangle about the edges of a mask's pixels."""
    rows = np.flatnonzero(crop.mask.any(axis=1))
    left = crop.mask[rows].argmax(axis=1)
    right = crop.mask.shape[1] - crop.mask[rows, ::-1].argmax(axis=1)
    points = [np.stack([x, y], axis=1) for x in (left, right) for y in (rows, rows + 1)]
    # OpenCV is exact to single precision: near 0 that is most.
    rectangle = cv2.minAreaRect(np.concatenate(points).astype(np.float32))
    found = cv2.boxPoints(rectangle).astype(np.float64)
    return np.asarray(found + np.array([crop.left, crop.top]), np.float64)
