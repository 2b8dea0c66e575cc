"""A real set: COCO's JSON of anybody's making, read as a stream; what cannot be used is counted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ijson
import numpy as np

from renderer.dataset.compare.sets import MOST_BOXES, MOST_IMAGES, ImageSet, Sample, SetImage
from renderer.dataset.json_text import ShallowFile, TooDeepError
from renderer.dataset.layout import is_path_below
from renderer.errors import UserError
from renderer.values.bounded import LARGEST_SIDE

# What says that images belong together, where every image of a set has it.
_GROUPS = ("shot", "scene_id", "video_id", "seq_id")
_LEAST = 10


@dataclass
class _Found:
    """One image while its annotations are read."""

    record: dict[str, Any]
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    others: int = 0
    crowded: bool = False


def read_real(path: Path, images: Path | None, wanted: set[str], seed: int) -> ImageSet:
    """Return a sample of a COCO set.

    Args:
        path: its JSON, or a dataset's folder that has ``annotations/instances.json``.
        images: the folder of its pictures; None where they are not to be looked at.
        wanted: names of categories, of which those that both sets have are compared; where there
            are none, all are.
        seed: of the sample.

    Raises:
        UserError: it is no COCO set, or has too few images to say anything.

    """
    path = _json_of(path)
    names, counted = _categories(path), Counter[str]()
    shared = {number for number, name in names.items() if _plain(name) in map(_plain, wanted)}
    sample, grouping = _sample(path, counted, seed)
    found = _images(path, sample.keys)
    kept = Counter[str]()
    for record in _items(path, "annotations"):
        _take(record, found, names, shared, counted, kept)
    group = next((key for key in _GROUPS if grouping[key] == sample.total > 0), None)
    made = [_image(key, each, group, images) for key, each in sorted(found.items())]
    # Left with nothing but objects of other categories, it says nothing of those compared.
    made = [each for each, of in zip(made, sorted(found.items()), strict=True) if _tells(of[1])]
    if len(made) < _LEAST:
        raise UserError(
            f"{path} has {len(made)} usable images, and at least {_LEAST} are needed to tell what "
            "differs (50 or more to tell it well)"
        )
    remarks = [*_remarks(counted), *_of_categories(names, shared, kept, wanted)]
    if images is not None:
        lost = [each for each in made if each.picture is None]
        if lost:
            remarks.append(
                f"{len(lost)} of {len(made)} pictures are not below {images} "
                f"(the first: {found[lost[0].key].record.get('file_name')})"
            )
    return ImageSet(path.name, made, sample.total, remarks, kept)


def _json_of(path: Path) -> Path:
    if path.is_dir():
        path = path / "annotations" / "instances.json"
    if not path.is_file():
        raise UserError(f"{path}: no such file: a real set is a COCO file of JSON")
    return path


def _items(path: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield what is an object in one list of a file.

    Raises:
        UserError: the file is no JSON.

    """
    try:
        with path.open("rb") as file:
            for record in ijson.items(ShallowFile(file), f"{name}.item", use_float=True):
                if isinstance(record, dict):
                    yield record
    except (ijson.JSONError, TooDeepError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"{path} is not a COCO file: {said}") from None


def _categories(path: Path) -> dict[Any, str]:
    return {
        each["id"]: str(each.get("name", each["id"]))
        for each in _items(path, "categories")
        if isinstance(each.get("id"), int | str)
    }


def _sample(path: Path, counted: Counter[str], seed: int) -> tuple[Sample, Counter[str]]:
    sample, grouping = Sample(MOST_IMAGES, seed), Counter[str]()
    for record in _items(path, "images"):
        if not isinstance(record.get("id"), int | str) or not _size(record):
            counted["images without an id or a sensible width and height"] += 1
            continue
        sample.add(str(record["id"]))
        grouping.update(key for key in _GROUPS if isinstance(record.get(key), int | str))
    if not sample.total:
        raise UserError(f"{path} is not a COCO file: it has no images with id, width and height")
    return sample, grouping


def _size(record: dict[str, Any]) -> tuple[int, int] | None:
    sides = record.get("width"), record.get("height")
    if not all(isinstance(side, int | float) and 1 <= side <= 4 * LARGEST_SIDE for side in sides):
        return None
    return int(sides[0]), int(sides[1])  # type: ignore[arg-type]


def _images(path: Path, keys: set[str]) -> dict[str, _Found]:
    found = dict[str, _Found]()
    wanted = (*_GROUPS, "id", "width", "height", "file_name")
    for record in _items(path, "images"):
        if str(record.get("id")) in keys and _size(record):
            kept = {key: record[key] for key in wanted if key in record}
            found.setdefault(str(record["id"]), _Found(kept))
    return found


def _take(
    record: dict[str, Any],
    found: dict[str, _Found],
    names: dict[Any, str],
    shared: set[Any],
    counted: Counter[str],
    kept: Counter[str],
) -> None:
    """Take one annotation into its image, or count why not."""
    image = found.get(str(record.get("image_id")))
    if image is None:
        return
    category = record.get("category_id")
    if not isinstance(category, int | str) or category not in names:
        counted["annotations of a category that the file does not name"] += 1
    if shared and category not in shared:
        image.others += 1
        return
    if record.get("iscrowd") or record.get("ignore"):
        counted["crowds and ignored regions"] += 1
        image.crowded = True
        return
    box = _box(record.get("bbox"), *_size(image.record))  # type: ignore[misc]
    if box is None:
        counted["annotations without a box of some size in the frame"] += 1
    elif len(image.boxes) < MOST_BOXES:
        image.boxes.append(box)
        kept[names.get(category, str(category))] += 1
    else:
        counted[f"boxes beyond the first {MOST_BOXES} of an image"] += 1


def _box(value: Any, width: int, height: int) -> tuple[float, float, float, float] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in value):
        return None
    left, top = max(value[0], 0.0), max(value[1], 0.0)
    right, bottom = min(value[0] + value[2], width), min(value[1] + value[3], height)
    if right - left < 0.5 or bottom - top < 0.5:
        return None
    return left, top, right - left, bottom - top


def _tells(image: _Found) -> bool:
    return bool(image.boxes) or not image.others


def _image(key: str, found: _Found, group: str | None, images: Path | None) -> SetImage:
    size = _size(found.record)
    assert size is not None
    return SetImage(
        key=key,
        group=str(found.record[group]) if group else key,
        size=size,
        boxes=np.array(found.boxes, np.float64).reshape(-1, 4),
        picture=_picture(found.record.get("file_name"), images),
        whole=not found.crowded,
    )


def _picture(name: Any, folder: Path | None) -> Path | None:
    """Return the file of a picture below a folder, by its path or by its name alone."""
    if folder is None or not isinstance(name, str):
        return None
    for each in (name, name.replace("\\", "/").rpartition("/")[2]):
        if each and is_path_below(each) and (folder / each).is_file():
            return folder / each
    return None


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def _remarks(counted: Counter[str]) -> list[str]:
    return [f"left out: {number:,} {what}" for what, number in counted.most_common()]


def _of_categories(
    names: dict[Any, str], shared: set[Any], kept: Counter[str], wanted: set[str]
) -> list[str]:
    if not shared:
        return [
            "no category of the real set is one of the dataset's by its name: all of its objects "
            "are compared with all of the dataset's"
        ]
    remarks = []
    if others := sorted(name for number, name in names.items() if number not in shared):
        remarks.append(
            f"{len(others)} categories of the real set are not in the dataset, and left out: "
            f"{_few(others)}"
        )
    if missing := sorted(wanted - {w for w in wanted if any(_plain(w) == _plain(k) for k in kept)}):
        remarks.append(
            f"{len(missing)} categories of the dataset are not in the real set: {_few(missing)}"
        )
    return remarks


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
