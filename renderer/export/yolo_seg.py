"""YOLO instance segmentation, as Ultralytics reads it: a polygon an object.

https://docs.ultralytics.com/datasets/segment: ``class x1 y1 x2 y2 ...``, one polygon an object, so
that parts and holes are joined to one ring. A file with boxes among its polygons is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np

from renderer.dataset.records import AnnotationRecord
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.outline import INSET, crop_of, ring_of
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.geometry.crop import Crop


class YoloSeg(Format[Options]):
    """Masks for Ultralytics: images/, labels/ with a polygon an object, data.yaml. What its way of
    filling polygons loses of the masks is measured and told.
    """

    name = "yolo-seg"
    needs = ("mask",)
    carries = ("box", "mask")
    partly: ClassVar = {
        "box": "it is the polygon's, 0.01 pixels smaller all round, without the area",
        "mask": "parts of an object are joined by lines, which are filled as thin as a pixel",
    }
    copies = False
    caches = ultralytics.caches_of("labels")

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return how it is read."""
        del options
        return ultralytics.guide_of_lines(
            head,
            (
                "A line is `class x1 y1 x2 y2 ...`: the corners of the object's polygon.",
                f"Polygons run {INSET} pixels inside the edges of the mask's pixels, which both "
                "COCO's way of filling and that of Ultralytics (whole numbers, cv2.fillPoly) make "
                "the same mask of again. Readers that round instead add a row of pixels on the "
                "right and below.",
                "Holes and further parts of an object are joined to its ring by lines that are "
                "walked both ways. Holes stay holes by the even-odd rule.",
            ),
            task="segment",
            option=", force_masks=True",
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and label files, and data.yaml at the end."""
        del options
        classes, left_out = ultralytics.class_numbers(head), ultralytics.LeftOut()
        loss = _Loss()

        def line_of(sample: Sample, record: AnnotationRecord) -> ultralytics.Line:
            width, height = sample.image.width, sample.image.height
            number, crop = ultralytics.class_of(record, classes), crop_of(sample, record)
            ring = ring_of(crop)
            text = ultralytics.shares(ring.ravel().tolist(), width, height)
            loss.add(crop, _filled(text, crop))
            return ultralytics.Line(f"{number} {text}", same=f"{number} {crop.box}")

        summary = ultralytics.write_lines(samples, target, line_of, left_out)
        target.write("data.yaml", ultralytics.data_yaml(head, head.categories.values()))
        return ultralytics.told(head, summary, left_out, *loss.sentences())


@dataclass
class _Loss:
    """How far filled polygons are from their masks."""

    objects: int = 0
    other: int = 0
    total: float = 0.0
    least: float = 1.0

    def add(self, crop: Crop, filled: Crop) -> None:
        """Note one object: its mask, and what its polygon is filled to."""
        shared = int((crop.mask & filled.within(crop)).sum())
        iou = shared / (crop.area + filled.area - shared)
        self.objects += 1
        self.other += iou < 1
        self.total += iou
        self.least = min(self.least, iou)

    def sentences(self) -> tuple[str, ...]:
        """Return what is to be said of it; nothing where all are equal."""
        if not self.other:
            return ()
        return (
            f"the exact masks of {self.other} objects, whose parts are joined by lines: filled as "
            "Ultralytics fills them, polygons and masks have an intersection over union of "
            f"{self.total / self.objects:.4f} in the mean of all {self.objects} objects, "
            f"{self.least:.4f} at least",
        )


def _filled(text: str, crop: Crop) -> Crop:
    """Return what Ultralytics fills a polygon to, in a picture of its own size."""
    width, height = crop.frame_size
    # Read in single precision, and cut to whole pixels: a coordinate that came to lie beyond its
    # pixel would show here.
    ring = np.array(text.split(), np.float32).reshape(-1, 2) * np.array([width, height], np.float32)
    canvas = np.zeros((crop.mask.shape[0] + 2, crop.mask.shape[1] + 2), np.uint8)
    corner = np.array([crop.left - 1, crop.top - 1], np.int32)
    cv2.fillPoly(canvas, [ring.astype(np.int32) - corner], color=(1,))
    return Crop.of(canvas > 0, crop.left - 1, crop.top - 1, crop.frame_size)
