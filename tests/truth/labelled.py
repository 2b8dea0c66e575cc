"""The labels of a view as a dataset has them, decoded by pycocotools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.shot.scene import Instance
from renderer.truth.labelling import label
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth


@dataclass(frozen=True)
class Label:
    entry: Instance
    record: dict[str, Any]
    visible: np.ndarray
    amodal: np.ndarray

    @property
    def area(self) -> int:
        return self.record["area"]

    @property
    def box(self) -> tuple[int, ...]:
        return tuple(self.record["bbox"])

    @property
    def amodal_box(self) -> tuple[int, ...]:
        return tuple(self.record["amodal_bbox"])

    @property
    def visibility(self) -> float:
        return self.record["visibility"]

    @property
    def truncation(self) -> float:
        return self.record["truncation"]

    @property
    def rotation(self) -> np.ndarray:
        return np.array(self.record["cam_R_m2c"])

    @property
    def translation(self) -> np.ndarray:
        return np.array(self.record["cam_t_m2c"])


def records_of(truth: ViewTruth, **labels: Any) -> list[dict[str, Any]]:
    """The annotations of a view, through JSON."""
    made = label(truth, Labels.model_validate(labels).on)
    records = [
        {"id": at, "instance": instance, **fields}
        for at, (instance, fields) in enumerate(made.objects.items(), start=1)
    ]
    return json.loads(json.dumps(records))


def labels_of(truth: ViewTruth) -> list[Label]:
    entries = {entry.instance: entry for entry in truth.shot.objects}
    return [
        Label(
            entries[record["instance"]],
            record,
            coco_mask.decode(record["segmentation"]).astype(bool),
            coco_mask.decode(record["amodal_segmentation"]).astype(bool),
        )
        for record in records_of(truth)
    ]


def problems_of(truth: ViewTruth) -> list[str]:
    """What the kinds say of these labels without what the engine knows of the view."""
    stored = StoredLabels({}, records_of(truth), truth.camera.resolution, truth.shot, truth.camera)
    alone = ViewTruth.of(truth.shot, truth.camera, truth.casting.cache)
    found = []
    for name, config in Labels().on.items():
        found += [said for _, said in LABEL_KINDS.get(name).check(stored, alone, config)]
    return found
