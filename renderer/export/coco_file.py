"""Files of COCO that grow as images come: annotations are written at once, and images, which are
small, wait on this disk to stand behind them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic_core import to_json

from renderer.dataset.storage import disk_errors
from renderer.export.format import DatasetHead
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable

# What readers of COCO call the one side of a dataset that is not divided.
UNDIVIDED = "default"
_IN_MEMORY = 1 << 20


def side(split: str) -> str:
    """Return what the files of a side are called after it."""
    return split or UNDIVIDED


def place(path: str, split: str) -> str:
    """Return where a file lies on its side: ``images/1.png`` as ``images/train/1.png``."""
    at = PurePosixPath(path)
    return str(at.parent / split / at.name) if split else path


def picture_name(sample: Sample) -> str:
    """Return the name of an image's picture in its folder."""
    return PurePosixPath(sample.image.file_name).name


def image_entry(sample: Sample) -> dict[str, Any]:
    """Return what COCO says of an image, and no more."""
    image = sample.image
    return {
        "id": image.id,
        "file_name": picture_name(sample),
        "width": image.width,
        "height": image.height,
    }


def category_records(head: DatasetHead) -> list[dict[str, Any]]:
    """Return the categories as COCO has them, with the names of their points where they have some;
    a skeleton counts from 1, ``flip_idx`` from 0.
    """
    records: list[dict[str, Any]] = []
    for number, name in head.categories.items():
        record: dict[str, Any] = {"id": number, "name": name, "supercategory": ""}
        if (points := head.keypoints.get(number)) is not None:
            record["keypoints"] = points.names
            record["skeleton"] = [(a + 1, b + 1) for a, b in points.skeleton]
            record["flip_idx"] = points.flips
        records.append(record)
    return records


class CocoFile:
    """One file, open."""

    def __init__(self, file: Writable, waiting: IO[bytes]) -> None:
        """Write annotations to ``file``, and images to ``waiting``."""
        self._file, self._waiting = file, waiting
        self._images = self._annotations = 0

    def add_image(self, record: Mapping[str, Any]) -> None:
        """Add an image."""
        with _scratch_errors():
            self._waiting.write((b",\n" if self._images else b"\n") + to_json(record))
        self._images += 1

    def add_annotation(self, record: Mapping[str, Any]) -> None:
        """Add an annotation."""
        self._file.write((b",\n" if self._annotations else b"\n") + to_json(record))
        self._annotations += 1


@contextmanager
def coco_files(
    target: Target, head: DatasetHead, task: str, categories: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, CocoFile]]:
    """Open ``annotations/<task>_<split>.json`` for each split, by the split's name.

    Args:
        target: where to.
        head: the dataset's.
        task: COCO's word for what it holds: ``instances``, ``panoptic``, ``person_keypoints``.
        categories: the records of its categories.

    """
    version = head.manifest.orbitset
    info = {
        "description": head.name,
        "version": version,
        "contributor": f"orbitset {version}",
    }
    with ExitStack() as stack:
        yield {
            split: stack.enter_context(
                coco_file(target, f"annotations/{task}_{side(split)}.json", info, categories)
            )
            for split in head.splits or ("",)
        }


@contextmanager
def coco_file(
    target: Target, name: str, info: Mapping[str, Any], categories: Sequence[Mapping[str, Any]]
) -> Iterator[CocoFile]:
    """Open one file, with what it says of itself and the records of its categories."""
    with target.open(name) as file, tempfile.SpooledTemporaryFile(_IN_MEMORY) as waiting:
        file.write(b'{"info":' + to_json(info) + b',\n"licenses":[],\n"categories":[')
        file.write(b",".join(b"\n" + to_json(each) for each in categories))
        file.write(b'],\n"annotations":[')
        yield CocoFile(file, waiting)
        file.write(b'],\n"images":[')
        with _scratch_errors():
            waiting.seek(0)
        shutil.copyfileobj(waiting, file, 1 << 20)
        file.write(b"]}\n")


@contextmanager
def _scratch_errors() -> Iterator[None]:
    with disk_errors(Path(tempfile.gettempdir())):
        yield
