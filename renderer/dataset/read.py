"""Read a dataset back, streaming: a million records need no more memory than a thousand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import ijson

from renderer.dataset.layout import Layout

Record = dict[str, Any]


def read_images(layout: Layout) -> Iterator[Record]:
    """Yield the COCO images."""
    with layout.instances.open("rb") as file:
        yield from ijson.items(file, "images.item", use_float=True)


def read_annotations(layout: Layout) -> Iterator[Record]:
    """Yield the COCO annotations."""
    with layout.instances.open("rb") as file:
        yield from ijson.items(file, "annotations.item", use_float=True)


def read_categories(layout: Layout) -> dict[int, str]:
    """Return category names by id."""
    with layout.instances.open("rb") as file:
        items = ijson.items(file, "categories.item", use_float=True)
        return {item["id"]: item["name"] for item in items}


def read_pairs(layout: Layout) -> Iterator[tuple[Record, list[Record]]]:
    """Yield each image with its annotations; merge writes both in image order."""
    groups = groupby(read_annotations(layout), key=lambda record: record["image_id"])
    waiting = next(groups, None)
    for image in read_images(layout):
        if waiting is not None and waiting[0] == image["id"]:
            own = list(waiting[1])
            yield image, own
            waiting = next(groups, None)
        else:
            yield image, []
