"""YAML text → plain data, and where in the text each key and value stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Position:
    """A place in a text file, counted from 1 as editors do."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """Parsed YAML: the data, and the position of every value (and of every mapping key)."""

    data: Any
    values: dict[KeyPath, Position]
    keys: dict[KeyPath, Position]


class SourceError(ValueError):
    """The text is not YAML, or says the same key twice."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(message)
        self.position = position


def parse(text: str) -> Source:
    """Parse YAML (or JSON, which is YAML) with the safe loader.

    Raises:
        SourceError: not YAML, a key given twice in one mapping, or an empty document.

    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # a control character, found before parsing
        raise SourceError(f"not valid YAML: {error}", Position(1, 1)) from None
    try:
        node = loader.get_single_node()
        if node is None:
            raise SourceError("the file is empty", Position(1, 1))
        values: dict[KeyPath, Position] = {}
        keys: dict[KeyPath, Position] = {}
        _walk(node, (), values, keys)
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = _position(mark) if mark else Position(1, 1)
        raise SourceError(f"not valid YAML: {error.problem or error.context}", position) from None
    except yaml.YAMLError as error:
        raise SourceError(f"not valid YAML: {error}", Position(1, 1)) from None
    except SourceError:
        raise
    except (ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
        # What PyYAML's constructors raise on values such as !!int "" or !!bool abc.
        raise SourceError(f"not valid YAML: {error}", Position(1, 1)) from None
    finally:
        loader.dispose()
    return Source(data, values, keys)


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _walk(
    node: yaml.Node, path: KeyPath, values: dict[KeyPath, Position], keys: dict[KeyPath, Position]
) -> None:
    if path in values and path:
        return
    values[path] = _position(node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        for at, item in enumerate(node.value):
            _walk(item, (*path, at), values, keys)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not (isinstance(key, yaml.ScalarNode) and key.tag.endswith((":str", ":merge"))):
                raise SourceError(
                    "keys must be text: put this one in quotes", _position(key.start_mark)
                )
            name = key.value
            inner = (*path, name)
            if inner in keys and name != "<<":
                first = keys[inner]
                raise SourceError(
                    f"the key `{name}` stands here a second time (first on line {first.line})",
                    _position(key.start_mark),
                )
            keys[inner] = _position(key.start_mark)
            _walk(value, inner, values, keys)
