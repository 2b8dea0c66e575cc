"""YOLO detection, as Ultralytics reads it: images/, labels/ and data.yaml; in splits by folders.

https://docs.ultralytics.com/datasets/detect: one line an object, ``class x y w h``, the box's
centre and size as shares of the picture. A label file is found by the picture's path, whose last
``/images/`` becomes ``/labels/`` and whose ending ``.txt``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.box import BoxFields

# Ultralytics leaves out pictures with a side below.
_SMALLEST_SIDE = 10
_CROWDS = "objects marked as crowds, which YOLO does not know"
_SAME = "objects with the very box of another of their class, of which Ultralytics reads one"
_SMALL = f"images with a side below {_SMALLEST_SIDE} pixels, which Ultralytics passes over"
_NO_SPLIT = "a split (data.yaml has all images as train and as val)"
# Ultralytics wants both.
_WANTED = ("train", "val")


class Yolo(Format[Options]):
    """Boxes for Ultralytics: images/, labels/ with a text file an image, data.yaml. Classes count
    from 0 in the order of COCO ids. Pictures are links where the disk allows it.
    """

    name = "yolo"
    copies = False
    caches = ("labels.cache", "labels/*.cache")

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and label files, and data.yaml at the end."""
        del options
        classes = {number: at for at, number in enumerate(head.categories)}
        left_out = Counter[str]()
        images = annotations = 0
        for sample in samples:
            name = PurePosixPath(sample.image.file_name)
            lines = _lines(sample, classes, left_out)
            side = f"{sample.split}/" if sample.split else ""
            target.take(f"images/{side}{name.name}", sample.picture)
            target.write(f"labels/{side}{name.stem}.txt", "".join(lines).encode())
            images += 1
            annotations += len(lines)
        target.write("data.yaml", _data_yaml(head))
        told = [f"{what}: {left_out[what]}" for what in (_CROWDS, _SAME, _SMALL) if left_out[what]]
        return Summary(images, annotations, (*told, *_lacking(head)))

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what the README says."""
        del options
        side = "/SIDE" if head.splits else ""
        images = _folders(head)["train"]
        labels = images.replace("images", "labels", 1)
        return Guide(
            holds=(
                (f"images{side}/NAME", "the pictures"),
                (f"labels{side}/NAME.txt", "of each picture, a line an object; empty without any"),
                ("data.yaml", "folders and class names, for Ultralytics"),
            ),
            conventions=(
                "A line is `class x y w h`: the class counts from 0 in the order of the ids below; "
                "x and y are the box's centre, w and h its size.",
                "x and w are shares of the picture's width, y and h of its height; the origin is "
                "the top left corner of the top left pixel.",
                "A box is tight on what is visible of the object.",
            ),
            loading=f"""
import supervision
found = supervision.DetectionDataset.from_yolo("{images}", "{labels}", "data.yaml")
for path, picture, detections in found:
    print(path, detections.xyxy, [found.classes[number] for number in detections.class_id])
""",
            requires=("supervision",),
        )


def _lines(sample: Sample, classes: Mapping[int, int], left_out: Counter[str]) -> list[str]:
    """Return the lines of one image; what is not in them, or not read, is counted."""
    width, height = sample.image.width, sample.image.height
    left_out[_SMALL] += min(width, height) < _SMALLEST_SIDE
    lines = []
    for record in sample.annotations:
        if record.iscrowd:
            left_out[_CROWDS] += 1
            continue
        if record.category_id not in classes:
            raise DatasetError(
                f"annotation {record.id} has the unknown category {record.category_id}"
            )
        lines.append(f"{classes[record.category_id]} {_box(record, width, height)}\n")
    left_out[_SAME] += len(lines) - len(set(lines))
    return lines


def _box(record: AnnotationRecord, width: int, height: int) -> str:
    """Return centre and size in the picture: eight digits are 0.0001 pixels of the largest."""
    assert isinstance(record, BoxFields)  # the format needs that kind
    x, y, w, h = record.bbox
    if not (w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        raise DatasetError(
            f"annotation {record.id} has a box that is not in its picture of {width}x{height} "
            f"pixels ({x:g}, {y:g}, {w:g}, {h:g}): orbitset dataset validate tells more"
        )
    shares = ((x + w / 2) / width, (y + h / 2) / height, w / width, h / height)
    return " ".join(f"{share:.8f}" for share in shares)


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


def _data_yaml(head: DatasetHead) -> bytes:
    """Return the description of the dataset; without ``path`` folders are relative to it."""
    names = dict(enumerate(head.categories.values()))
    data = {**_folders(head), "names": names}
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()
