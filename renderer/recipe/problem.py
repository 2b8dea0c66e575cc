"""From pydantic's errors to sentences: file:line:column, key, value, rule, suggestion."""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel, ValidationError

from renderer.errors import UserError
from renderer.recipe.extension import OptionsOf
from renderer.recipe.source import Position, Source
from renderer.values.distribution import DISTRIBUTION_KEYS
from renderer.values.key import KeyPath


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a recipe."""

    file: str
    position: Position
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.position.line}:{self.position.column}"
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class RecipeError(UserError):
    """A recipe that cannot be used; ``problems`` holds everything found wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return each problem with its place."""
        return [str(problem) for problem in self.problems]


def explain(
    error: ValidationError, source: Source, model: type[BaseModel], file: str
) -> list[Problem]:
    """Turn a validation error of ``model`` into problems sorted by their place in the file."""
    errors = error.errors(include_url=False)
    paths = [_in_data(item["loc"], source.data) for item in errors]
    around = {path[:end] for path in paths for end in range(len(path))}
    trapped = {problem.key: problem for problem in trap_problems(source, file)}
    problems: dict[tuple[str, str], Problem] = {}
    for item, path in zip(errors, paths, strict=True):
        if item["type"] == "too_short" and path in around:
            continue  # pydantic counts only the valid items of a tuple
        problem = _problem(dict(item), path, source, model, file)
        if problem.key not in trapped:
            problems.setdefault((problem.key, problem.message), problem)
    return _in_order([*problems.values(), *trapped.values()])


def trap_problems(source: Source, file: str) -> list[Problem]:
    """Return the values that YAML reads as others than stand there; an alias's only once."""
    found: dict[Position, Problem] = {}
    for path, sentence in source.traps.items():
        problem = problem_at(path, sentence, source, file)
        found.setdefault(problem.position, problem)
    return _in_order(list(found.values()))


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda found: (found.position.line, found.position.column))


# Keys that have moved, and what to write in their place.
_MOVED = {
    "labels.segmentation": "an option of each kind of mask now: write labels: {{mask: "
    "{{segmentation: {value}}}, amodal: {{segmentation: {value}}}}}",
    "render.exposure": "an effect now: write effects: {{exposure: {{stops: {value}}}}}",
    "render.white_balance_k": "an effect now: write effects: {{white_balance: "
    "{{temperature_k: {value}}}}}",
}
# Parts of a pydantic location that may be a union's tag as well as a key.
_TAGS = {*DISTRIBUTION_KEYS, "hsv"}


def _in_data(loc: tuple[int | str, ...], data: Any) -> KeyPath:
    """Drop from a pydantic location what is not in the data: the tags of unions.

    A tag comes right before the keys of the mapping it chose, so of a part that is both a tag and a
    key of the mapping the first mention is the tag.
    """
    path: list[str | int] = []
    tag_before = False
    for at, part in enumerate(loc):
        is_tag = part in _TAGS and not tag_before and at + 1 < len(loc)
        tag_before = is_tag
        if is_tag or not _holds(data, part):
            continue
        path.append(part)
        data = data[part]
    return tuple(path)


def _holds(data: Any, part: int | str) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list) and isinstance(part, int) and part < len(data)


def _problem(
    item: dict[str, Any], path: KeyPath, source: Source, model: type[BaseModel], file: str
) -> Problem:
    kind, loc = item["type"], item["loc"]
    shown: KeyPath = (*path, loc[-1]) if kind == "missing" else path
    places = source.keys if kind == "extra_forbidden" else source.values
    position = _place(places, path) or _place(source.values, path) or Position(1, 1)
    written = source.written.get(path)
    known = _fields_at(path[:-1], model, source.data) if kind == "extra_forbidden" else []
    sentence = _as_yaml_has_it(item, written) or _sentence(item, path, known)
    return Problem(file, position, dotted(shown), sentence)


def problem_at(path: KeyPath, message: str, source: Source, file: str) -> Problem:
    """Return a problem of a recipe whose keys and values are good, with its place."""
    position = _place(source.values, path) or Position(1, 1)
    return Problem(file, position, dotted(path), message)


def _place(places: dict[KeyPath, Position], path: KeyPath) -> Position | None:
    """Return where a path stands, or the nearest thing around it (what a YAML merge brought in has
    no place of its own).
    """
    while path and path not in places:
        path = path[:-1]
    return places.get(path)


def dotted(path: KeyPath) -> str:
    """Return a way through a recipe as people write it: ``objects[0].asset``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def sentences(error: ValidationError, known: list[str]) -> list[tuple[str, str]]:
    """Return what is wrong with values that stand in no file: of each its key and a sentence.

    Args:
        error: the error.
        known: the keys that there are.

    """
    return [
        (dotted(item["loc"]), _sentence(dict(item), item["loc"], known))
        for item in error.errors(include_url=False)
    ]


def _sentence(item: dict[str, Any], path: KeyPath, known: list[str]) -> str:
    kind, value, context = item["type"], item["input"], item.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        if moved := _MOVED.get(dotted(path)):
            return f"is {moved.format(value=_show(value))}"
        hint = did_you_mean(str(path[-1]), known) or _list("known keys are", known)
        return f"unknown key{hint}"
    if kind == "unknown_distribution":
        if isinstance(value, dict) and value:
            hint = did_you_mean(str(next(iter(value))), list(DISTRIBUTION_KEYS))
            hint = hint or _list("there are", list(DISTRIBUTION_KEYS))
            return f"{_show(value)} is not a known distribution{hint}"
        return f"{_show(value)} is not a number or a distribution"
    if kind in ("missing_file", "unknown_hdri"):
        near = context.get("near", [])
        hint = did_you_mean(PurePath(str(value)).name, near)
        return f"{_show(value)}: {item['msg']}{hint}"
    if kind == "literal_error":
        expected = str(context.get("expected", ""))
        options = [part.strip(" '") for part in expected.replace(" or ", ",").split(",")]
        return f"{_show(value)} is not one of {expected}{did_you_mean(str(value), options)}"
    return f"{_show(value)}: {_lower(_RULES.get(kind, item['msg']))}"


def _as_yaml_has_it(item: dict[str, Any], written: str | None) -> str:
    """Return the sentence where the mistake is in how YAML reads what is written, or nothing.

    Args:
        item: an error of pydantic's.
        written: its value as it is spelled; None for one in quotes, or one of several values.

    """
    kind, value = item["type"], item["input"]
    if kind in ("missing", "extra_forbidden"):
        return ""
    if value is None and written == "":
        return "has no value"
    if kind == "string_type" and not isinstance(value, list | dict):
        shown = _show(value)
        reading = "" if written in (None, shown) else f", and YAML reads {written} as {shown}"
        return f"{_show(value)}: must be text{reading}: put it in quotes"
    rule = _lower(_RULES.get(kind, item["msg"]))
    if isinstance(value, bool) and written and written.lower() not in ("true", "false"):
        reading = f"YAML reads {written} as {_show(value)}: put it in quotes if it is text"
        return f"{_show(value)}: {rule} ({reading})"
    if kind in ("int_type", "int_from_float") and isinstance(value, float) and value.is_integer():
        return f"{written or _show(value)}: {rule}: write {int(value)}"
    if kind in ("int_type", "float_type") and isinstance(value, str):
        if written is None and re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", value):
            return f"{_show(value)}: {rule}: take away the quotes"
        if re.fullmatch(r"0[oO][0-7]+", value):
            return f"{_show(value)}: {rule}: write {int(value[2:], 8)}"
    return ""


_RULES = {
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "string_pattern_mismatch": "may hold letters, digits, '.', '_' and '-', and starts with a "
    "letter or a digit",
}


def _lower(message: str) -> str:
    message = message.removeprefix("Input should be ").removeprefix("Value error, ")
    message = message.replace("Tuple should", "must").replace("String should", "must")
    message = message.replace(" after validation", "").replace(
        "Field required", "is missing an entry"
    )
    if message.startswith(("greater", "less", "a valid", "finite")):
        message = f"must be {message}"
    return message


def _show(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _list(lead: str, names: list[str]) -> str:
    return f" ({lead} {', '.join(names)})" if names else ""


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """Return what follows an unknown word in a sentence: the known one like it, if there is one."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close and close[0] != word else ""


def _fields_at(path: KeyPath, model: type[BaseModel], data: Any) -> list[str]:
    """Return the keys allowed where ``path`` leads in ``data``, walking the types of ``model``."""
    if path[2:3] == ("override",):  # of a scenario: part of a recipe by itself
        path, data = path[3:], data[path[0]][path[1]]["override"]
    annotations: list[Any] = [model]
    for part in path:
        if isinstance(part, str):
            models = [found for each in annotations for found in _models_in(each, data)]
            fields = [each.model_fields[part] for each in models if part in each.model_fields]
            inner = [each for field in fields for each in (field.annotation, *field.metadata)]
            annotations = inner or models
        data = data[part] if _holds(data, part) else None
    models = [found for each in annotations for found in _models_in(each, data)]
    return list(dict.fromkeys(name for each in models for name in each.model_fields))


def _models_in(annotation: Any, data: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, OptionsOf):
        return annotation.models_at(data)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in typing.get_args(annotation) for found in _models_in(inner, data)]
