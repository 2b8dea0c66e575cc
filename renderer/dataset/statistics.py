"""Statistics of a dataset in one streaming pass: counts in fixed bins, so memory stays constant."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.dataset.goal_counts import GoalCounts
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.truth.kinds.amodal import AmodalFields
from renderer.truth.kinds.box import BoxFields

Counts = npt.NDArray[np.int64]


@dataclass
class Histogram:
    """Counts of values in equal bins of [low, high]; values beyond fall into the end bins."""

    low: float
    high: float
    bins: int
    counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        """Start at zero."""
        self.counts = np.zeros(self.bins, np.int64)

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[self.place(value)] += 1

    def place(self, value: float) -> int:
        """Return the bin of a value."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(int(share * self.bins), 0), self.bins - 1)

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """The bins' edges."""
        return np.linspace(self.low, self.high, self.bins + 1)


@dataclass
class Statistics:
    """What the report shows of a dataset.

    ``size`` is the square root of (area / image area); ``center`` counts box centres on a 16 x 12
    grid of the frame, rows from the top; ``views`` counts azimuth (24 bins of 15 degrees) by
    elevation (12 bins of 15 degrees from -90). What no label kind of the dataset tells is not
    counted. ``ignored`` counts, of the annotations, those with ``iscrowd`` by their category, and
    ``dropped`` the objects that have none for showing too little. ``scenarios`` counts the images
    of each, ``goals`` those in each band.
    """

    images: int = 0
    annotations: int = 0
    per_category: Counter[str] = field(default_factory=Counter)
    images_with: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)
    goals: GoalCounts = field(default_factory=GoalCounts)
    objects_per_image: Counter[int] = field(default_factory=Counter)
    size: Histogram = field(default_factory=lambda: Histogram(0, 1, 25))
    visibility: Histogram = field(default_factory=lambda: Histogram(0, 1, 20))
    truncation: Histogram = field(default_factory=lambda: Histogram(0, 1, 20))
    brightness: Histogram = field(default_factory=lambda: Histogram(0, 1, 25))
    center: Counts = field(default_factory=lambda: np.zeros((12, 16), np.int64))
    views: Counts = field(default_factory=lambda: np.zeros((12, 24), np.int64))

    def add(
        self, image: ImageRecord, annotations: list[AnnotationRecord], names: dict[int, str]
    ) -> None:
        """Count one image with its annotations."""
        self.images += 1
        self.objects_per_image[len(annotations)] += 1
        self.brightness.add(image.brightness)
        self.dropped.update(image.dropped)
        self.goals.add(image, annotations)
        if image.scenario is not None:
            self.scenarios[image.scenario] += 1
        row = min(int((image.elevation_deg + 90) / 15), 11)
        self.views[row, min(int(image.azimuth_deg % 360 / 15), 23)] += 1
        for name in sorted({names[record.category_id] for record in annotations}):
            self.images_with[name] += 1
        for record in annotations:
            self.annotations += 1
            self.per_category[names[record.category_id]] += 1
            if record.iscrowd:
                self.ignored[names[record.category_id]] += 1
            if isinstance(record, BoxFields):
                self._add_box(record, image.width, image.height)
            if isinstance(record, AmodalFields):
                self.visibility.add(record.visibility)
                self.truncation.add(record.truncation)

    def _add_box(self, record: BoxFields, width: int, height: int) -> None:
        self.size.add(math.sqrt(record.area / (width * height)))
        x, y, w, h = record.bbox
        column = min(int((x + w / 2) / width * 16), 15)
        self.center[min(int((y + h / 2) / height * 12), 11), column] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers, for ``--json``."""
        return {
            "images": self.images,
            "annotations": self.annotations,
            "per_category": dict(self.per_category),
            "images_with": dict(self.images_with),
            "ignored": dict(self.ignored),
            "dropped": dict(self.dropped),
            "scenarios": dict(self.scenarios),
            "goals": self.goals.as_dict(),
            "objects_per_image": {str(k): v for k, v in sorted(self.objects_per_image.items())},
            "size": self.size.counts.tolist(),
            "visibility": self.visibility.counts.tolist(),
            "truncation": self.truncation.counts.tolist(),
            "brightness": self.brightness.counts.tolist(),
            "box_center": self.center.tolist(),
            "azimuth_by_elevation": self.views.tolist(),
        }
