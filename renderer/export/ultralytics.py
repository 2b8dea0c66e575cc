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
# Ultralytics wants both.
_WANTED = ("train", "val")
_SHARES = (
    "The class counts from 0 in the order of the ids below. Coordinates along x are shares of the "
    "picture's width, those along y of its height; the origin is the top left corner of the top "
    "left pixel."
)


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
    """Return where Ultralytics keeps what it has read of a folder, and of those of sides in it."""
    return f"{folder}.cache", f"{folder}/*.cache"


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
    head: DatasetHead, conventions: Iterable[str], task: str, option: str = ""
) -> Guide:
    """Return what is said of a format with a line an object.

    Args:
        head: of the dataset.
        conventions: sentences about what stands in a line.
        task: Ultralytics' name for what is trained on it.
        option: what supervision has to be told to read it.

    """
    images, labels = folder_of(head, "images"), folder_of(head, "labels")
    holds = ("of each picture, a line an object; empty without any",)
    return Guide(
        holds=files_of(head, ("labels", "txt", *holds)),
        conventions=(*conventions, _SHARES, training(task)),
        loading=f"""
import supervision
found = supervision.DetectionDataset.from_yolo("{images}", "{labels}", "data.yaml"{option})
for path, picture, detections in found:
    print(path, detections.xyxy, [found.classes[number] for number in detections.class_id])
""",
        requires=("supervision",),
    )


def files_of(head: DatasetHead, beside: tuple[str, str, str]) -> tuple[tuple[str, str], ...]:
    """Return (path, what it is) of each sort of file.

    Args:
        head: of the dataset.
        beside: folder, ending and description of what a picture has beside it.

    """
    side = "/SIDE" if head.splits else ""
    folder, ending, what = beside
    return (
        (f"images{side}/NAME", "the pictures"),
        (f"{folder}{side}/NAME.{ending}", what),
        ("data.yaml", "folders and class names, for Ultralytics"),
    )


def folder_of(head: DatasetHead, folder: str) -> str:
    """Return a folder of the first side."""
    return "/".join([folder, *head.splits[:1]])


def training(task: str) -> str:
    """Return the sentence on how a model is trained."""
    return f"Ultralytics trains on it with `yolo {task} train data=data.yaml`."


def told(head: DatasetHead, summary: Summary, left_out: LeftOut, *more: str) -> Summary:
    """Return a summary that says what has been left out."""
    sentences = (*left_out.sentences(), *more, *_lacking(head))
    return Summary(summary.images, summary.annotations, sentences)


def data_yaml(head: DatasetHead, names: Iterable[str], **more: Any) -> bytes:
    """Return the description of a set; without ``path`` its folders are relative to it."""
    data = {**_folders(head), **more, "names": dict(enumerate(names))}
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()


def _folders(head: DatasetHead) -> dict[str, str]:
    """Return the pictures' folder of each side, and of those that Ultralytics wants besides."""
    folders = {side: f"images/{side}" for side in head.splits}
    first = next(iter(folders.values()), "images")
    return {side: first for side in _WANTED if side not in folders} | folders


def _lacking(head: DatasetHead) -> tuple[str, ...]:
    """Return what there is to say of sides that Ultralytics wants and the split has not."""
    if not head.splits:
        return (_NO_SPLIT,)
    return tuple(
        f"a side {side} of the split (data.yaml has {head.splits[0]}'s pictures as {side}, too)"
        for side in _WANTED
        if side not in head.splits
    )
