"""Sets of the YOLO formats, written for the tests: with sides and keypoints, or what edits ask for."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pycocotools.coco import COCO

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import Layout
from renderer.export import write as writer
from renderer.export.format import DatasetHead, Guide, Summary
from renderer.export.sample import Sample, read_samples
from renderer.export.target import FolderTarget
from renderer.recipe.exports import export_of
from renderer.registry import FORMATS
from tests.dataset.edits import edit, edit_labels

SIDES = ("train", "val", "test")


def side_of(name: str, splits: tuple[str, ...]) -> str:
    """The side that the tests put an image on."""
    return splits[int(Path(name).stem) % len(splits)] if splits else ""


def _sided(samples: Iterator[Sample], splits: tuple[str, ...]) -> Iterator[Sample]:
    for sample in samples:
        yield replace(sample, split=side_of(sample.image.file_name, splits))


def head_of(
    layout: Layout, splits: tuple[str, ...] = (), keypoints: Mapping[int, KeypointSet] | None = None
) -> DatasetHead:
    """What a format is told of a dataset, with other keypoints."""
    return replace(writer.head_of(layout, splits), keypoints=keypoints or {})


def write_set(
    layout: Layout,
    name: str,
    root: Path,
    splits: tuple[str, ...] = (),
    keypoints: Mapping[int, KeypointSet] | None = None,
    **options: Any,
) -> Summary:
    """Write a dataset in a format into a new folder."""
    root.mkdir()
    samples, head = _sided(read_samples(layout), splits), head_of(layout, splits, keypoints)
    choice = export_of({"format": name, **options})
    summary: Summary = FORMATS.get(name).write(samples, head, FolderTarget(root), choice)
    return summary


def guide_of(
    layout: Layout,
    name: str,
    splits: tuple[str, ...] = (),
    keypoints: Mapping[int, KeypointSet] | None = None,
    **options: Any,
) -> Guide:
    """What a format says of a set."""
    choice = export_of({"format": name, **options})
    guide: Guide = FORMATS.get(name).guide(head_of(layout, splits, keypoints), choice)
    return guide


def coco_of(layout: Layout) -> dict[str, list[dict[str, Any]]]:
    """By picture name, what pycocotools reads of the objects that are not to be ignored, each with
    its mask (h, w) and the name of its category.
    """
    coco = COCO(layout.root / "annotations/instances.json")
    return {
        Path(image["file_name"]).name: [
            {
                **record,
                "mask": coco.annToMask(record) > 0,
                "name": coco.cats[record["category_id"]]["name"],
            }
            for record in coco.imgToAnns[image["id"]]
            if not record["iscrowd"]
        ]
        for image in coco.imgs.values()
    }


def copy_of(layout: Layout, root: Path) -> Layout:
    """A copy to be edited."""
    shutil.copytree(layout.root, root)
    return Layout(root)


def add_kind(layout: Layout, kind: str, **options: Any) -> None:
    """Have the manifest name a label kind."""
    edit(layout.root / "manifest.json", lambda data: data["labels"].update({kind: options}))


def add_files(layout: Layout, kind: str, suffix: str, contents: Mapping[int, bytes]) -> None:
    """Give images files of a label kind, by their ids."""
    (layout.root / kind).mkdir()

    def change(data: dict[str, Any]) -> None:
        for image in data["images"]:
            content = contents[image["id"]]
            path = f"{kind}/{Path(image['file_name']).stem}.{suffix}"
            (layout.root / path).write_bytes(content)
            digest = hashlib.blake2b(content, digest_size=16).hexdigest()
            image["files"][kind] = {"path": path, "blake2b": digest}

    edit_labels(layout.root, change)
