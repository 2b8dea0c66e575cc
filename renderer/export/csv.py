"""Tables for anything that reads CSV: ``annotations.csv``, a row an annotation, and ``images.csv``.

https://www.rfc-editor.org/rfc/rfc4180: commas, lines that end in CR LF, quotes around what has such
in it. Numbers are written with the digits that give the same number back; a list of no fixed length
is a cell of JSON; a value that is null is an empty cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable
from renderer.registry import LABEL_KINDS

_IMAGE = (
    *("image_id", "file_name", "split", "width", "height", "annotations", "shot", "view"),
    *("variant", "scenario", "group", "azimuth_deg", "elevation_deg", "brightness"),
    *("K", "world_to_camera", "distortion", "warnings"),
)
_CORE = (
    *("annotation_id", "image_id", "file_name", "split", "category_id", "category"),
    *("iscrowd", "instance", "asset"),
)
_BOX, _POINT = ("x", "y", "width", "height"), ("x", "y", "z")
# Lists of a fixed length have a column for each of their numbers.
_PARTS: Mapping[str, Sequence[str]] = {
    "bbox": _BOX,
    "amodal_bbox": _BOX,
    "cam_R_m2c": [f"{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3)],
    "cam_t_m2c": _POINT,
    "box3d_center": _POINT,
    "box3d_size": _POINT,
}


class Csv(Format[Options]):
    """Tables: annotations.csv with a row an annotation, images.csv with a row an image, also one
    without objects. Lists of no fixed length are JSON. Pictures are links where the disk allows it.
    """

    name = "csv"
    needs = ()
    carries = ("box", "mask", "amodal", "pose", "occlusion", "boxes3d", "keypoints", "tracks")
    copies = False

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and both tables."""
        del options
        images = annotations = 0
        keys = _keys(self.carries, head)
        with target.open("images.csv") as of_images, target.open("annotations.csv") as of_objects:
            image_rows, object_rows = _Rows(of_images), _Rows(of_objects)
            image_rows.write(_IMAGE)
            object_rows.write([*_CORE, *(column for key in keys for column in _columns(key))])
            for sample in samples:
                name = f"images/{PurePosixPath(sample.image.file_name).name}"
                target.take(name, sample.picture)
                image_rows.write(_image_cells(sample, name))
                for record in sample.annotations:
                    object_rows.write(_cells(sample, name, record, keys, head))
                images += 1
                annotations += len(sample.annotations)
        return Summary(images, annotations)

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what the README says."""
        del options
        side = " `split` is the side." if head.splits else ""
        return Guide(
            holds=(
                ("annotations.csv", f"a row an annotation.{side}"),
                ("images.csv", f"a row an image, also of one without objects.{side}"),
                ("images/NAME", "the pictures, as `file_name` has them"),
            ),
            conventions=(
                "UTF-8, commas, a line of names first, quotes as RFC 4180 has them; numbers are "
                "written so that the same number is read.",
                "`bbox_x`, `bbox_y`, `bbox_width`, `bbox_height` are pixels from the top left "
                "corner of the top left pixel; `area` is in pixels.",
                "`cam_R_m2c_11` to `_33` (row by row) and `cam_t_m2c_x` to `_z` (metres) take the "
                "model, times `scale`, to the camera: x right, y down, z forward. `K` is in "
                "pixels, whose centres lie at integer + 0.5.",
                "`iscrowd` is 1 for an object that is neither to be found nor to be missed.",
                "Other columns are the dataset's own keys: a list is JSON, null an empty cell.",
            ),
            loading="""
import csv
for row in csv.DictReader(open("annotations.csv", newline="", encoding="utf-8")):
    print(row["file_name"], row["category"], row)
""",
        )


class _Rows:
    """Writes rows of a table to a file of bytes."""

    def __init__(self, file: Writable) -> None:
        self._file = file
        self._csv = csv.writer(self, lineterminator="\r\n")

    def write(self, cells: Any) -> int:
        """Write a row of values; the csv module gives it back as text."""
        if isinstance(cells, str):
            return self._file.write(cells.encode())
        return int(self._csv.writerow([_text(cell) for cell in cells]))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return dumps(value)


def _keys(carries: Iterable[str], head: DatasetHead) -> list[str]:
    """Return the keys that label kinds add to an annotation."""
    kinds = [LABEL_KINDS.get(kind) for kind in head.kinds if kind in carries]
    return [key for kind in kinds for key in kind.ObjectFields.model_fields]


def _columns(key: str) -> list[str]:
    return [f"{key}_{part}" for part in _PARTS[key]] if key in _PARTS else [key]


def _cells(
    sample: Sample, name: str, record: AnnotationRecord, keys: Iterable[str], head: DatasetHead
) -> Iterator[Any]:
    """Yield the values of an annotation's row."""
    if record.category_id not in head.categories:
        raise DatasetError(f"annotation {record.id} has the unknown category {record.category_id}")
    yield from (record.id, record.image_id, name, sample.split, record.category_id)
    yield from (head.categories[record.category_id], record.iscrowd, record.instance, record.asset)
    said = record.model_dump(mode="json", include=set(keys))
    for key in keys:
        parts = list(_flat(said[key])) if key in _PARTS else [said[key]]
        if key in _PARTS and len(parts) != len(_PARTS[key]):
            parts = [None] * len(_PARTS[key])  # it is null
        yield from parts


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _image_cells(sample: Sample, name: str) -> Iterator[Any]:
    """Yield the values of an image's row."""
    image = sample.image
    camera = image.camera.model_dump(mode="json")
    yield from (image.id, name, sample.split, image.width, image.height, len(sample.annotations))
    yield from (image.shot, image.view, image.variant, image.scenario, image.group)
    yield from (image.azimuth_deg, image.elevation_deg, image.brightness)
    yield from (camera["K"], camera["world_to_camera"], camera["distortion"], list(image.warnings))
