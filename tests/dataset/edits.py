"""Edits that damage a copy of a dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Change = Callable[[Any], Any]
IMAGE, ANNOTATION = 2, 3  # image 2 is of shot 1; annotation 3 is the first of its three


def edit(path: Path, change: Change) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def edit_labels(root: Path, change: Change) -> None:
    edit(root / "annotations/instances.json", change)


def image(change: Change) -> Change:
    return lambda data: change(data["images"][IMAGE - 1])


def annotation(change: Change) -> Change:
    return lambda data: change(data["annotations"][ANNOTATION - 1])


def add(key: str, *at: int, step: float = 1) -> Change:
    """Add to a number of a record, or to one in its lists."""

    def change(record: Any) -> None:
        *path, last = (*key.split("."), *at)
        for part in path:
            record = record[part]
        record[last] += step

    return change


def put(key: str, value: Any) -> Change:
    return lambda record: record.__setitem__(key, value)
