"""What the formats of Ultralytics have in common: folders, classes, data.yaml, what it passes over.

https://docs.ultralytics.com/datasets, as of release 8.4.123 of August 2026. Pictures lie in
``images/``, or in a folder of each split below it. What belongs to a picture is found by its path,
whose last ``/images/`` becomes ``/labels/``, ``/depth/`` or ``/masks/``, and by another ending.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.format import DatasetHead, Guide, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.box import BoxFields

# Ultralytics leaves out pictures with a side below.
_SMALLEST_SIDE = 10
_IGNORED = "objects that are to be ignored (iscrowd 1), which YOLO does not know"
_SAME = "objects with the very box of another of their class, of which Ultralytics reads one"
_SMALL = f"images with a side below {_SMALLEST_SIDE} pixels, which Ultralytics passes over"
_NO_SPLIT = "a split (data.yaml has all images as train and as val)"
_SIDES = ("train", "val", "test")
_CLASSES = "Classes count from 0 in the order of the dataset's category ids; data.yaml names them."
_SHARES = (
    "Coordinates are shares of the picture's width and height, x to the right and y down from its "
    "left upper corner; the middle of the first pixel is at (0.5 / width, 0.5 / height)."
)
_EMPTY = "An image without objects has an empty text file."


@dataclass(frozen=True)
class Line:
    """What is written of one object.

    Attributes:
        text: the line.
        same: Ultralytics takes two objects of an image for one where they are equal in this.

    """

    text: str
    same: str


LineOf = Callable[[Sample, AnnotationRecord], Line | None]


class LeftOut(Counter[str]):
    """How often what has been left out."""

    def sentences(self) -> tuple[str, ...]:
        """Return a sentence of each sort, in the order in which they were met first."""
        return tuple(f"{what}: {count}" for what, count in self.items() if count)


def caches_of(folder: str) -> tuple[str, ...]:
    """Return where Ultralytics keeps what it has read of a folder."""
    return f"{folder}.cache", *(f"{folder}/{side}.cache" for side in _SIDES)


def place(sample: Sample, folder: str, name: str) -> str:
    """Return where a file of an image lies: ``labels/0012.txt`` or ``labels/val/0012.txt``."""
    return "/".join(part for part in (folder, sample.split, name) if part)


def taken(samples: Iterable[Sample], target: Target, left_out: LeftOut) -> Iterator[Sample]:
    """Yield the samples, each with its picture written."""
    for sample in samples:
        left_out[_SMALL] += min(sample.image.width, sample.image.height) < _SMALLEST_SIDE
        name = PurePosixPath(sample.image.file_name).name
        target.take(place(sample, "images", name), sample.picture)
        yield sample


def write_lines(
    samples: Iterable[Sample], target: Target, line_of: LineOf, left_out: LeftOut
) -> Summary:
    """Write pictures, and a text file of each with a line an object.

    Args:
        samples: the images.
        target: where to.
        line_of: returns what to write of an object, None to leave it out.
        left_out: where that is counted, and what Ultralytics passes over.

    """
    images = annotations = 0
    for sample in taken(samples, target, left_out):
        lines = [
            line
            for record in labelled(sample, left_out)
            if (line := line_of(sample, record)) is not None
        ]
        left_out[_SAME] += len(lines) - len({line.same for line in lines})
        text = "".join(f"{line.text}\n" for line in lines)
        target.write(place(sample, "labels", f"{sample.stem}.txt"), text.encode())
        images += 1
        annotations += len(lines)
    return Summary(images, annotations)


def labelled(sample: Sample, left_out: LeftOut) -> Iterator[AnnotationRecord]:
    """Yield the objects of an image, those left out that are to be ignored."""
    for record in sample.annotations:
        if record.iscrowd:
            left_out[_IGNORED] += 1
        else:
            yield record


def class_numbers(head: DatasetHead) -> dict[int, int]:
    """Return the class of each category id."""
    return {number: at for at, number in enumerate(head.categories)}


def class_of(record: AnnotationRecord, classes: Mapping[int, int]) -> int:
    """Return the class of an object.

    Raises:
        DatasetError: its category is none of the dataset.

    """
    if record.category_id not in classes:
        raise DatasetError(f"annotation {record.id} has the unknown category {record.category_id}")
    return classes[record.category_id]


def box_line(sample: Sample, record: AnnotationRecord, number: int) -> str:
    """Return class, and centre and size of the box as shares of the picture.

    Raises:
        DatasetError: the box is not in the picture.

    """
    assert isinstance(record, BoxFields)  # the format needs that kind
    width, height = sample.image.width, sample.image.height
    x, y, w, h = record.bbox
    if not (w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        raise DatasetError(
            f"annotation {record.id} has a box that is not in its picture of {width}x{height} "
            f"pixels ({x:g}, {y:g}, {w:g}, {h:g}): orbitset dataset validate tells more"
        )
    return f"{number} {shares((x + w / 2, y + h / 2, w, h), width, height)}"


def shares(values: Iterable[float], width: int, height: int) -> str:
    """Return pixels along x, y, x, y ... as shares of the picture: eight digits are 0.0001 pixels
    of the largest.
    """
    sides = (width, height)
    return " ".join(f"{value / sides[at % 2]:.8f}" for at, value in enumerate(values))


def guide_of_lines(
    head: DatasetHead, line: str, conventions: Iterable[str], task: str, option: str = ""
) -> Guide:
    """Return what is said of a format with a line an object.

    Args:
        head: of the dataset.
        line: what stands in a line.
        conventions: sentences about that.
        task: Ultralytics' name for what is trained on it.
        option: what supervision has to be told to read it.

    """
    images, labels = (path_of(head, folder, "") for folder in ("images", "labels"))
    words = f'"{images}", "{labels}", "data.yaml"{option}'
    return Guide(
        holds=(*files_of(head), (path_of(head, "labels", "*.txt"), f"a line an object: {line}")),
        conventions=(_CLASSES, _SHARES, *conventions, _EMPTY, training(task)),
        loading=(
            "import supervision\n"
            f"data = supervision.DetectionDataset.from_yolo({words})\n"
            "path, picture, objects = data[0]\n"
        ),
        requires=("supervision",),
    )


def files_of(head: DatasetHead) -> tuple[tuple[str, str], ...]:
    """Return (path, what it is) of the files that all these formats have."""
    return (
        ("data.yaml", "folders and class names, for Ultralytics"),
        (path_of(head, "images", "*"), "the pictures"),
    )


def path_of(head: DatasetHead, folder: str, name: str) -> str:
    """Return a path in the guide, in the folder of the first split if there are some."""
    return "/".join(part for part in (folder, *head.splits[:1], name) if part)


def training(task: str) -> str:
    """Return the sentence on how a model is trained."""
    return f"Ultralytics trains on it with `yolo {task} train data=data.yaml`."


def told(head: DatasetHead, summary: Summary, left_out: LeftOut, *more: str) -> Summary:
    """Return a summary that says what has been left out."""
    _, notes = _folders(head)
    sentences = (*left_out.sentences(), *more, *notes)
    return Summary(summary.images, summary.annotations, sentences)


def data_yaml(head: DatasetHead, names: Iterable[str], **more: Any) -> bytes:
    """Return the description of a set; without ``path`` its folders are relative to it.

    Raises:
        DatasetError: the set is split, and no side is called train.

    """
    folders, _ = _folders(head)
    data = {**folders, **more, "names": dict(enumerate(names))}
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()


def _folders(head: DatasetHead) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the folders that data.yaml names, train and val always, and what is to be said."""
    if not head.splits:
        return {"train": "images", "val": "images"}, (_NO_SPLIT,)
    if "train" not in head.splits:
        raise DatasetError(
            f"the set is split into {', '.join(head.splits)}, and YOLO needs a side that is called "
            "train: --split train=0.8,val=0.2"
        )
    there = [*_SIDES[:2], *(side for side in head.splits if side not in _SIDES[:2])]
    folders = {side: f"images/{side}" for side in there}
    if "val" in head.splits:
        return folders, ()
    folders["val"] = folders["train"]
    return folders, ("a side val (data.yaml has the images of train as val, too)",)
