"""Read a dataset back, streaming: a million records need no more memory than a thousand.

A dataset may come from anywhere. Each record is looked at before it is handed out: it is as its
model says, and names no file outside its folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import ijson

from renderer import __version__
from renderer.dataset.json_text import ShallowFile, TooDeepError
from renderer.dataset.layout import DatasetError, Layout, unfinished
from renderer.dataset.manifest import read_manifest
from renderer.dataset.records import AnnotationRecord, CategoryRecord, ImageRecord, records_of
from renderer.dataset.stored_model import (
    AnyStoredModel,
    ContentError,
    of_another_version,
    read_value,
)

Pair = tuple[ImageRecord, list[AnnotationRecord]]


def _damaged(what: str) -> DatasetError:
    return DatasetError(f"annotations/instances.json is damaged: {what}")


def _unlike(layout: Layout, what: str) -> DatasetError:
    """Return what to raise of records that are not as they should be: they may be another
    version's.
    """
    version = read_manifest(layout).orbitset
    if version != __version__:
        return DatasetError(f"annotations/instances.json {of_another_version(version)}")
    return _damaged(what)


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


def _records(layout: Layout, name: str, model: type[AnyStoredModel]) -> Iterator[AnyStoredModel]:
    for number, record in enumerate(_items(layout, f"{name}s.item"), start=1):
        try:
            yield read_value(model, record)
        except ContentError as error:
            known = isinstance(record, dict) and type(record.get("id")) is int
            which = f"{name} {record['id'] if known else f'number {number}'}"
            raise _unlike(layout, f"{which} {error}") from None


def read_images(layout: Layout) -> Iterator[ImageRecord]:
    """Yield the COCO images, with the fields of the dataset's label kinds.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    return _records(layout, "image", records_of(read_manifest(layout).labels).image)


def read_annotations(layout: Layout) -> Iterator[AnnotationRecord]:
    """Yield the COCO annotations, with the fields of the dataset's label kinds.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    return _records(layout, "annotation", records_of(read_manifest(layout).labels).annotation)


class _Names(dict[int, str]):
    """Category names by id, and a sentence where an annotation has none of them."""

    def __missing__(self, key: int) -> str:
        raise _damaged(f"an annotation has the unknown category {key}")


def read_categories(layout: Layout) -> dict[int, str]:
    """Return category names by id; asked for an id that there is not, it raises a DatasetError.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    return _Names({number: each.name for number, each in read_category_records(layout).items()})


def read_category_records(layout: Layout) -> dict[int, CategoryRecord]:
    """Return the records of the categories by id.

    Raises:
        DatasetError: the dataset is not finished, or damaged.

    """
    # The list as a whole: no need to read on behind it, where the annotations are.
    categories = next(_items(layout, "categories"), None)
    if not isinstance(categories, list):
        raise _damaged("it has no list of categories")
    found = dict[int, CategoryRecord]()
    for number, record in enumerate(categories, start=1):
        try:
            category = read_value(CategoryRecord, record)
        except ContentError as error:
            raise _damaged(f"category number {number} {error}") from None
        if category.id in found:
            raise _damaged(f"category {category.id} stands twice")
        found[category.id] = category
    return found


def read_pairs(layout: Layout) -> Iterator[Pair]:
    """Yield each image with its annotations; merge writes both in image order.

    Raises:
        DatasetError: the dataset is not finished, or damaged, or an annotation has lost its image.

    """
    groups = _by_image(layout)
    waiting = next(groups, None)
    for image in read_images(layout):
        if waiting is None or waiting[0].image_id > image.id:
            yield image, []
        elif waiting[0].image_id == image.id:
            yield image, waiting
            waiting = next(groups, None)
        else:
            break
    if waiting is not None:
        first = waiting[0]
        raise _damaged(
            f"annotation {first.id} belongs to image {first.image_id}, which is not there or "
            "not in its place"
        )


def _by_image(layout: Layout) -> Iterator[list[AnnotationRecord]]:
    """Yield the annotations of each image that has some, once those of the next are known to come
    behind them: else one moved to a later image would leave all images between them bare.
    """
    before: list[AnnotationRecord] = []
    for number, group in groupby(read_annotations(layout), key=lambda record: record.image_id):
        now = list(group)
        if before:
            if number < before[0].image_id:
                raise _damaged(
                    f"annotation {now[0].id} belongs to image {number}, and stands behind one "
                    f"of image {before[0].image_id}"
                )
            yield before
        before = now
    if before:
        yield before
