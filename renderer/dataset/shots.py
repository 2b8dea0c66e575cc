"""``shots.jsonl``: every Shot, one JSON line each, in the order of their index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from renderer.dataset.json_text import loads
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.stored_model import ContentError, StoredModel, read_value
from renderer.shot.shot import Shot
from renderer.values.bounded import LARGEST_SIDE, Count

JsonObject = dict[str, Any]

# It names a folder of the cache.
_KEY = re.compile(r"[0-9A-Za-z_-]{1,64}")
_LARGEST_INSTANCE = 2**31 - 1


class _Indexed(StoredModel):
    index: Count


def read_lines(layout: Layout) -> Iterator[JsonObject]:
    """Yield the lines; each has an index.

    Raises:
        DatasetError: the file is not there, or damaged.

    """
    try:
        file = layout.shots.open("rb")
    except FileNotFoundError:
        raise DatasetError(
            f"shots.jsonl is missing: orbitset dataset merge {layout.root} writes it anew"
        ) from None
    with file:
        for number, line in enumerate(file, start=1):
            try:
                record = loads(line)
                read_value(_Indexed, record)
            except ContentError as error:
                raise DatasetError(f"shots.jsonl is damaged in line {number}: it {error}") from None
            except ValueError as error:
                raise DatasetError(f"shots.jsonl is damaged in line {number}: {error}") from None
            yield record


def to_shot(line: JsonObject) -> Shot:
    """Return the Shot of a line: one that can be cast without a look at other files than the cache
    has under its models' keys, in a memory that a recipe's image needs.

    Raises:
        DatasetError: it is damaged.

    """
    try:
        shot = Shot.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        raise _damaged(line, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    sides = [side for view in shot.views for side in view.camera.resolution]
    if not all(0 < side <= LARGEST_SIDE for side in sides):
        raise _damaged(line, f"views: a resolution is not from 1 to {LARGEST_SIDE} pixels")
    for entry in shot.objects:
        if not _KEY.fullmatch(entry.asset):
            raise _damaged(line, f"objects: instance {entry.instance} has an asset that is no key")
        if not 0 < entry.instance <= _LARGEST_INSTANCE or entry.scale == 0:
            raise _damaged(line, f"objects: instance {entry.instance} of scale {entry.scale}")
    return shot


def _damaged(line: JsonObject, what: str) -> DatasetError:
    return DatasetError(f"shots.jsonl is damaged: shot {line['index']}: {what}")
