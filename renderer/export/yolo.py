"""YOLO detection, as Ultralytics reads it: images/, labels/ and data.yaml.

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
from renderer.export.format import DatasetHead, Format, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.box import BoxFields

# Ultralytics leaves out pictures with a side below.
_SMALLEST_SIDE = 10
_CROWDS = "objects marked as crowds, which YOLO does not know"
_SAME = "objects with the very box of another of their class, of which Ultralytics reads one"
_SMALL = f"images with a side below {_SMALLEST_SIDE} pixels, which Ultralytics passes over"
_NO_SPLIT = "a split (data.yaml has all images as train and as val)"


class Yolo(Format[Options]):
    """Boxes for Ultralytics: images/, labels/ with a text file an image, data.yaml. Classes count
    from 0 in the order of COCO ids. Pictures are links where the disk allows it.
    """

    name = "yolo"
    copies = False
    caches = ("labels.cache",)

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
            target.take(f"images/{name.name}", sample.picture)
            target.write(f"labels/{name.stem}.txt", "".join(lines).encode())
            images += 1
            annotations += len(lines)
        target.write("data.yaml", _data_yaml(head))
        told = [f"{what}: {left_out[what]}" for what in (_CROWDS, _SAME, _SMALL) if left_out[what]]
        return Summary(images, annotations, (*told, _NO_SPLIT))


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


def _data_yaml(head: DatasetHead) -> bytes:
    """Return the description of the dataset; without ``path`` folders are relative to it."""
    names = dict(enumerate(head.categories.values()))
    data = {"train": "images", "val": "images", "names": names}
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=10_000)
    return text.encode()
