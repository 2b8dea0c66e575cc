"""Read a dataset back, streaming: a million records need no more memory than a thousand.

A dataset may come from anywhere. Each record is looked at before it is handed out: it has the keys
and types that readers count on, and names no file outside its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import ijson

from renderer.dataset.json_text import ShallowFile, TooDeepError
from renderer.dataset.layout import DatasetError, Layout, is_path_below

Record = dict[str, Any]

# Beyond it neither pixels nor ids nor metres make sense; and infinity and NaN are not below it.
_LARGEST = 1e15
_LARGEST_WHOLE = 2**63  # as in a recipe: the seed
LARGEST_SIDE = 8192  # as in a recipe


@dataclass(frozen=True)
class Kind:
    """What the value of a key has to be."""

    what: str
    fits: Callable[[Any], bool]


Kinds = Mapping[str, "Kind | Kinds"]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_LARGEST < value < _LARGEST


def _are_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(map(_is_number, value))


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < _LARGEST_WHOLE


def _is_segmentation(value: Any) -> bool:
    """Tell whether pycocotools can decode it: at some other things it crashes."""
    if isinstance(value, dict):
        return _are_numbers(value.get("size"), 2) and isinstance(value.get("counts"), str)
    return isinstance(value, list) and all(
        isinstance(ring, list)
        and len(ring) >= 6
        and len(ring) % 2 == 0
        and all(_is_number(at) and 0 <= at <= LARGEST_SIDE for at in ring)
        for ring in value
    )


TEXT = Kind("a text", lambda value: isinstance(value, str))
TEXTS = Kind(
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
)
PATH = Kind(
    "the path of a file below the dataset's folder",
    lambda value: isinstance(value, str) and is_path_below(value),
)
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
OBJECTS = Kind(
    "a list of objects",
    lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value),
)
WHOLE = Kind("a whole number", _is_whole)
COUNT = Kind("a whole number from 0", lambda value: _is_whole(value) and value >= 0)
NUMBER = Kind("a number", _is_number)
_SIDE = Kind("a number of pixels", lambda value: type(value) is int and 0 < value <= LARGEST_SIDE)
_AREA = Kind("a number from 0", lambda value: _is_number(value) and value >= 0)
_ELEVATION = Kind("from -90 to 90", lambda value: _is_number(value) and -90 <= value <= 90)
VECTOR = Kind("three numbers", lambda value: _are_numbers(value, 3))
_MATRIX = Kind(
    "three rows of three numbers",
    lambda value: (
        isinstance(value, list) and len(value) == 3 and all(_are_numbers(row, 3) for row in value)
    ),
)
_BOX = Kind("four numbers", lambda value: _are_numbers(value, 4))
_BOX_INSIDE = Kind(
    "four numbers from 0", lambda value: _are_numbers(value, 4) and all(at >= 0 for at in value)
)
_SEGMENTATION = Kind("an RLE or polygons in the image", _is_segmentation)

_CATEGORY: Kinds = {"id": WHOLE, "name": TEXT}
_IMAGE: Kinds = {
    "id": COUNT,
    "file_name": PATH,
    "width": _SIDE,
    "height": _SIDE,
    "camera": OBJECT,
    "shot": COUNT,
    "azimuth_deg": NUMBER,
    "elevation_deg": _ELEVATION,
    "brightness": NUMBER,
    "files": {"picture": {"path": PATH, "blake2b": TEXT}},
    "warnings?": TEXTS,
}
_ANNOTATION: Kinds = {
    "id": COUNT,
    "image_id": COUNT,
    "category_id": WHOLE,
    "bbox": _BOX_INSIDE,
    "area": _AREA,
    "iscrowd": WHOLE,
    "segmentation": _SEGMENTATION,
    "visibility": NUMBER,
    "truncation": NUMBER,
    "amodal_bbox": _BOX,
    "amodal_segmentation": _SEGMENTATION,
    "cam_R_m2c": _MATRIX,
    "cam_t_m2c": VECTOR,
    "scale": NUMBER,
    "asset": TEXT,
    "instance": WHOLE,
}


def fault(value: Any, kinds: Kinds, inside: str = "") -> str | None:
    """Return what is wrong with an object, to follow its name in a sentence: the first key that it
    lacks or that is of another type; None for nothing. ``key?`` need not be there.
    """
    if not isinstance(value, dict):
        return f"has a wrong {inside[:-1]}: it should be an object" if inside else "is no object"
    for name, kind in kinds.items():
        key = name.removesuffix("?")
        if key not in value:
            if name != key:
                continue
            return f"lacks {inside}{key}"
        if isinstance(kind, Kind):
            if not kind.fits(value[key]):
                return f"has a wrong {inside}{key}: it should be {kind.what}"
        elif deeper := fault(value[key], kind, f"{inside}{key}."):
            return deeper
    return None


def unfinished(layout: Layout) -> DatasetError:
    """Return what to raise where a file that the last step of a run writes is not there."""
    return DatasetError(
        f"{layout.root} is not finished: run the same render command again, or orbitset dataset "
        f"merge {layout.root}"
    )


def _damaged(what: str) -> DatasetError:
    return DatasetError(f"annotations/instances.json is damaged: {what}")


def _items(layout: Layout, prefix: str) -> Iterator[Any]:
    try:
        with layout.instances.open("rb") as file:
            yield from ijson.items(ShallowFile(file), prefix, use_float=True)
    except FileNotFoundError:
        raise unfinished(layout) from None
    except ijson.JSONError as error:  # it draws arrows below its text
        raise _damaged(" ".join(str(error).split())) from None
    except TooDeepError as error:
        raise _damaged(str(error)) from None


def _records(layout: Layout, name: str, kinds: Kinds) -> Iterator[Record]:
    for number, record in enumerate(_items(layout, f"{name}s.item"), start=1):
        if wrong := fault(record, kinds):
            known = isinstance(record, dict) and type(record.get("id")) is int
            raise _damaged(f"{name} {record['id'] if known else f'number {number}'} {wrong}")
        yield record


def read_images(layout: Layout) -> Iterator[Record]:
    """Yield the COCO images.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    return _records(layout, "image", _IMAGE)


def read_annotations(layout: Layout) -> Iterator[Record]:
    """Yield the COCO annotations.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    return _records(layout, "annotation", _ANNOTATION)


class _Names(dict[int, str]):
    """Category names by id, and a sentence where an annotation has none of them."""

    def __missing__(self, key: int) -> str:
        raise _damaged(f"an annotation has the unknown category {key}")


def read_categories(layout: Layout) -> dict[int, str]:
    """Return category names by id; asked for an id that there is not, it raises a DatasetError.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    # The list as a whole: no need to read on behind it, where the annotations are.
    categories = next(_items(layout, "categories"), None)
    if not isinstance(categories, list):
        raise _damaged("it has no list of categories")
    names = _Names()
    for number, record in enumerate(categories, start=1):
        if wrong := fault(record, _CATEGORY):
            raise _damaged(f"category number {number} {wrong}")
        if record["id"] in names:
            raise _damaged(f"category {record['id']} stands twice")
        names[record["id"]] = record["name"]
    return names


def read_pairs(layout: Layout) -> Iterator[tuple[Record, list[Record]]]:
    """Yield each image with its annotations; merge writes both in image order.

    Raises:
        DatasetError: the dataset is not finished, or damaged, or an annotation has lost its image.

    """
    groups = _by_image(layout)
    waiting = next(groups, None)
    for image in read_images(layout):
        if waiting is None or waiting[0]["image_id"] > image["id"]:
            yield image, []
        elif waiting[0]["image_id"] == image["id"]:
            yield image, waiting
            waiting = next(groups, None)
        else:
            break
    if waiting is not None:
        first = waiting[0]
        raise _damaged(
            f"annotation {first['id']} belongs to image {first['image_id']}, which is not there or "
            "not in its place"
        )


def _by_image(layout: Layout) -> Iterator[list[Record]]:
    """Yield the annotations of each image that has some, once those of the next are known to come
    behind them: else one moved to a later image would leave all images between them bare.
    """
    before: list[Record] = []
    for number, group in groupby(read_annotations(layout), key=lambda record: record["image_id"]):
        now = list(group)
        if before:
            if number < before[0]["image_id"]:
                raise _damaged(
                    f"annotation {now[0]['id']} belongs to image {number}, and stands behind one "
                    f"of image {before[0]['image_id']}"
                )
            yield before
        before = now
    if before:
        yield before
