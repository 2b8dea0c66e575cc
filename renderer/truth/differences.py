"""Labels of a dataset against the same labels made anew."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from renderer.truth.kind import Fields, LabelKind, Problem, Record
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth

# Last bits of matrix products differ between processors.
_SHARE = 1e-6
_LONGEST = 60


def differences(
    kind: LabelKind, stored: StoredLabels, truth: ViewTruth, config: Any
) -> Iterator[Problem]:
    """Yield where the labels of an image are not those that a kind makes of its view."""
    made = kind.make(truth, config)
    exact = all(truth.exact(entry) for entry in truth.shot.objects)
    for record in stored.annotations:
        entry, fields = stored.entry(record), made.objects.get(record["instance"])
        if entry is None or record["id"] in stored.wrong or not truth.exact(entry):
            continue
        if fields is not None:
            yield from ((record, said) for said in field_differences(record, fields))
    if not exact:
        return
    yield from ((None, said) for said in field_differences(stored.image, made.image))
    for name, file in made.files.items():
        content = content_of(stored, name)
        if content is not None and content != file.content:
            yield None, f"its {name} file is not the one that its scene gives"


def field_differences(record: Record, fields: Fields) -> Iterator[str]:
    """Yield which values of a record are not those of some fields."""
    for key, value in fields.model_dump(mode="json").items():
        if key not in record:
            yield f"it lacks {key}"
        elif not same(record[key], value):
            yield f"{key} is {_short(record[key])}, its scene gives {_short(value)}"


def content_of(stored: StoredLabels, name: str) -> bytes | None:
    """Return the bytes of a file of an image; None where it cannot be read, which is told by
    whoever looks at all files.
    """
    try:
        return stored.read(name)
    except OSError:
        return None


def same(found: Any, made: Any, share: float = _SHARE) -> bool:
    """Tell whether a value read from JSON is one that was made, numbers to within a share of it."""
    if isinstance(found, BaseModel):
        found = found.model_dump(mode="json")
    if isinstance(made, dict):
        return (
            isinstance(found, dict)
            and found.keys() == made.keys()
            and all(same(found[key], value, share) for key, value in made.items())
        )
    if isinstance(made, list | tuple):
        return (
            isinstance(found, list | tuple)
            and len(found) == len(made)
            and all(same(*each, share) for each in zip(found, made, strict=True))
        )
    if isinstance(made, float) and isinstance(found, int | float) and type(found) is not bool:
        return math.isclose(found, made, rel_tol=share, abs_tol=1e-9) or found == made
    return bool(found == made) and (type(found) is bool) == (type(made) is bool)


def _short(value: Any) -> str:
    return textwrap.shorten(str(value), _LONGEST, placeholder=" ...")
