"""What a dataset says, as pycocotools reads it, and exports of some of it without a command."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import Layout
from renderer.export.format import Format, Summary
from renderer.export.sample import Sample, read_samples
from renderer.export.target import FolderTarget
from renderer.export.write import head_of
from renderer.registry import FORMATS

Box = tuple[float, ...]


@dataclass(frozen=True)
class Instance:
    """One object: its category, (left, top, width, height), mask (h, w) and its record."""

    name: str
    box: Box
    mask: npt.NDArray[np.bool_]
    record: dict[str, Any]


def truth(dataset: Path) -> dict[str, list[Instance]]:
    """Return the objects of each image, by the stem of its picture."""
    coco = COCO(dataset / "annotations/instances.json")
    return {
        Path(image["file_name"]).stem: [
            Instance(
                coco.cats[record["category_id"]]["name"],
                tuple(record["bbox"]),
                coco.annToMask(record).astype(bool),
                record,
            )
            for record in coco.imgToAnns[image["id"]]
        ]
        for image in coco.imgs.values()
    }


def named_boxes(found: Mapping[str, list[Instance]]) -> dict[str, list[tuple[str, Box]]]:
    """Return names and boxes of each image's objects."""
    return {stem: [(each.name, each.box) for each in objects] for stem, objects in found.items()}


def write_split(
    dataset: Path,
    name: str,
    root: Path,
    side_of: Callable[[Sample], str] = lambda _: "",
    keypoints: Mapping[int, KeypointSet] | None = None,
    **options: Any,
) -> Summary:
    """Write an export whose images are on the sides that a function says."""
    layout = Layout(dataset)
    samples = [replace(each, split=side_of(each)) for each in read_samples(layout)]
    splits = tuple(dict.fromkeys(each.split for each in samples if each.split))
    head = replace(head_of(layout, splits), keypoints=keypoints or {})
    root.mkdir()
    form: Format[Any] = FORMATS.get(name)
    summary = form.write(iter(samples), head, FolderTarget(root), form.Options(**options))
    guide = form.guide(head, form.Options(**options))
    for path, _ in guide.holds:
        assert any(root.glob(re.sub("<[a-z]+>", "*", path.rstrip("/")))), path
    with contextlib.chdir(root):
        exec(compile(guide.loading, name, "exec"), {})
    return summary


def halves(sample: Sample) -> str:
    """Return the side of an image: every third is for validation."""
    return "val" if sample.image.id % 3 == 0 else "train"
