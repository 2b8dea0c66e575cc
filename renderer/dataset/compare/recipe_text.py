"""Other values in a recipe's text: all else in it, comments and order, stays as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from renderer.dataset.compare.response import dotted
from renderer.dataset.compare.yaml_flow import flow
from renderer.dataset.storage import write_atomic
from renderer.errors import UserError
from renderer.recipe.load import LoadedRecipe
from renderer.recipe.model import Recipe
from renderer.recipe.source import SourceError, parse
from renderer.values.key import KeyPath

Change = tuple[KeyPath, Any]


def with_values(text: str, changes: Sequence[Change]) -> tuple[str, bool]:
    """Return a recipe's text with other values, and whether its comments are kept.

    Where a text cannot be changed in place (values that stand behind an alias, say) it is written
    anew from its data.

    Raises:
        UserError: a key cannot be written into this recipe at all.

    """
    wanted = parse(text).data
    for path, value in changes:
        wanted = _with_value(wanted, path, value)
    changed = text
    try:
        for path, value in changes:
            changed = _written(changed, path, value)
        if parse(changed).data == wanted:
            return changed, True
    except SourceError:
        pass
    return yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True, width=100), False


def _with_value(data: Any, path: KeyPath, value: Any) -> Any:
    data = json.loads(json.dumps(data))  # what stands behind an alias, once for each
    inner = data
    for step, following in zip(path, [*path[1:], None], strict=True):
        try:
            if following is None:
                inner[step] = value
            elif isinstance(inner, dict) and inner.get(step) is None:
                inner[step] = [0, 0] if isinstance(following, int) else {}
            inner = inner[step]
        except (IndexError, KeyError, TypeError):
            raise UserError(f"{dotted(path)} cannot be written into this recipe") from None
    return data


def _written(text: str, path: KeyPath, value: Any) -> str:
    """Return a text with one value put in the place of the old one, or where it belongs."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for at, step in enumerate(path):
        inner = _inner(node, step)
        if inner is None or _is_empty(inner):
            rest = _nested(path[at + 1 :], value)
            if inner is not None:
                return _replaced(text, inner, flow(rest))
            return _inserted(text, node, str(step), flow(rest))
        node = inner
    return _replaced(text, node, flow(value))


def _inner(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def _is_empty(node: Any) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _nested(path: KeyPath, value: Any) -> Any:
    """Return what a missing key is to hold so that a path below it has a value."""
    for step in reversed(path):
        pair = [0, value] if step else [value, 0]  # a framing
        value = pair if isinstance(step, int) else {step: value}
    return value


def _replaced(text: str, node: Any, new: str) -> str:
    start, end = node.start_mark.index, _end(node)
    space = " " if start == end and not text[:start].endswith(" ") else ""
    return text[:start] + space + new + text[end:]


def _end(node: Any) -> int:
    """Return where a node ends: that of a block, as YAML sees it, is only where the next begins."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return int(node.end_mark.index)
    parts = [each for pair in node.value for each in (pair if isinstance(pair, tuple) else (pair,))]
    return max(_end(each) for each in parts)


def _inserted(text: str, node: Any, key: str, new: str) -> str:
    """Return a text with a new key at the end of a mapping."""
    if not isinstance(node, yaml.MappingNode):
        raise UserError(f"{key} cannot be written into this recipe")
    if not node.value or node.flow_style:
        start = node.start_mark.index + 1
        comma = ", " if node.value else ""
        return f"{text[:start]}{key}: {new}{comma}{text[start:]}"
    column, end = node.value[0][0].start_mark.column, _end(node)
    line = text.find("\n", end)
    end = len(text) if line < 0 else line
    return f"{text[:end]}\n{' ' * column}{key}: {new}{text[end:]}"


def fitted_recipe(loaded: LoadedRecipe, changes: Sequence[Change], target: Path) -> list[str]:
    """Write a recipe with other values, and return what is to be said of it.

    Raises:
        UserError: a value is one that this recipe may not have.

    """
    text, kept = with_values(loaded.text, changes)
    keys = ", ".join(dotted(path) for path, _ in changes)
    text = f"# Fitted by orbitset dataset compare: {keys}\n{text}"
    try:
        Recipe.model_validate(parse(text).data, context={"folder": loaded.folder})
    except ValidationError as error:
        first = error.errors()[0]
        where = dotted(tuple(first["loc"]))
        raise UserError(
            f"the fitted recipe would not be a good one: {where}: {first['msg']}"
        ) from None
    write_atomic(target, text.encode())
    remarks = []
    if not kept:
        remarks.append("the recipe was written anew from its data: its comments are lost")
    if target.resolve().parent != loaded.folder:
        remarks.append(f"paths in {target} are relative to {loaded.folder}: move it there")
    return remarks
