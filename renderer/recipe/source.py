"""YAML text → plain data, and where in the text each key and value stands.

The text is YAML 1.1, as PyYAML reads it, but what that would turn into something else than its
author sees is not: numbers are JSON's (``1e-3`` is one), a date is text, and where 1.1 makes
another number of one (``010``, ``1:30``) that is a trap, to be told. ``written`` keeps how values
without quotes were spelled, so that an error can say what YAML made of ``no``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from renderer.errors import UserError
from renderer.values.key import KeyPath

# Far more than a recipe has; and what aliases may add to what is really there.
_MOST_LEVELS = 64
_MOST_COPIES = 50_000


@dataclass(frozen=True)
class Position:
    """A place in a text file, counted from 1 as editors do."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """Parsed YAML.

    Attributes:
        data: the data.
        values: the position of every value.
        keys: the position of every mapping key.
        written: every value without quotes as it is spelled.
        traps: values that YAML reads as another number than stands there, each with a sentence.

    """

    data: Any = None
    values: dict[KeyPath, Position] = field(default_factory=dict)
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    written: dict[KeyPath, str] = field(default_factory=dict)
    traps: dict[KeyPath, str] = field(default_factory=dict)


class SourceError(UserError):
    """The text is not YAML, or not fit for a recipe; ``path`` is the way to where it is not."""

    def __init__(self, message: str, position: Position, path: KeyPath = ()) -> None:
        super().__init__(message, position, path)
        self.message, self.position, self.path = message, position, path

    def __str__(self) -> str:
        return self.message


_TAG = "tag:yaml.org,2002:"
_FLOAT = re.compile(
    r"""[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?
        |[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+
        |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)""",
    re.VERBOSE,
)
_LEADING_ZERO = re.compile(r"([-+]?)0[0-9_]*[0-9]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\0\ud800-\udfff]")
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")


class _Loader(yaml.SafeLoader):
    """The safe loader with numbers as in JSON, without dates, and with a limit on levels."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag.removeprefix(_TAG) not in ("float", "timestamp", "value")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    levels = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node and all that is in it."""
        self.levels += 1
        if self.levels > _MOST_LEVELS:
            place = _position(self.peek_event().start_mark)  # type: ignore[no-untyped-call]
            raise SourceError(
                f"more than {_MOST_LEVELS} lists or mappings stand inside one another", place
            )
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node

    def compose_scalar_node(self, anchor: Any) -> Any:
        """Compose a text; JSON writes a letter beyond U+FFFF as two escapes, and YAML does not."""
        node = super().compose_scalar_node(anchor)
        if _SURROGATE.search(node.value):
            pairs = node.value.encode("utf-16", "surrogatepass")
            node.value = pairs.decode("utf-16", "surrogatepass")
        return node


_Loader.add_implicit_resolver(
    f"{_TAG}float", re.compile(rf"(?:{_FLOAT.pattern})\Z", re.VERBOSE), [*"-+.0123456789"]
)


def parse(text: str) -> Source:
    """Parse YAML (or JSON, which is YAML) with the safe loader.

    Raises:
        SourceError: not YAML, a key given twice in one mapping, aliases that would not end, or an
            empty document.

    """
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:  # found before parsing
        before = text[: error.position]
        place = Position(before.count("\n") + 1, error.position - before.rfind("\n"))
        said = f"the character #x{error.character:04x} is not allowed"
        raise SourceError(f"not valid YAML: {said}", place) from None
    try:
        node = loader.get_single_node()
        if node is None:
            raise SourceError("the file is empty", Position(1, 1))
        _Sizes().of(node)
        walk = _Walk()
        walk.value(node, ())
        data = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = _position(mark) if mark else Position(1, 1)
        said = f"{error.problem or error.context}"
        cure = ": indent with spaces" if "'\\t'" in said else ""
        raise SourceError(f"not valid YAML: {said}{cure}", position) from None
    except yaml.YAMLError as error:
        raise SourceError(f"not valid YAML: {error}", Position(1, 1)) from None
    except SourceError:
        raise
    except (ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
        # What PyYAML's constructors raise on values such as !!int "" or !!bool abc.
        raise SourceError(f"not valid YAML: {error}", Position(1, 1)) from None
    finally:
        loader.dispose()
    return Source(data, walk.values, walk.keys, walk.written, walk.traps)


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


class _Sizes:
    """How large nodes are once every alias is written out; each node is looked at once."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        self._inside: set[int] = set()
        self._there = 0

    def of(self, node: yaml.Node) -> int:
        """Return the size of a node.

        Raises:
            SourceError: it is beyond all measure, or endless.

        """
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._inside:
            raise SourceError("an alias stands inside what it is an alias of", _place_of(node))
        self._inside.add(id(node))
        own = 1 + (len(node.value) // 64 if isinstance(node, yaml.ScalarNode) else 0)
        self._there += own
        size = own + sum(self.of(child) for child in _children(node))
        if size > self._there + _MOST_COPIES:
            raise SourceError(
                "its aliases (*) stand for more than a recipe can hold: use fewer of them",
                _place_of(node),
            )
        self._inside.discard(id(node))
        self._known[id(node)] = size
        return size


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _place_of(node: yaml.Node) -> Position:
    return _position(node.start_mark)


class _Walk:
    """Goes through all nodes and takes down what a ``Source`` holds."""

    def __init__(self) -> None:
        self.values: dict[KeyPath, Position] = {}
        self.keys: dict[KeyPath, Position] = {}
        self.written: dict[KeyPath, str] = {}
        self.traps: dict[KeyPath, str] = {}

    def value(self, node: yaml.Node, path: KeyPath) -> None:
        """Take down a value and all that is in it."""
        if path in self.values and path:
            return
        self.values[path] = _place_of(node)
        _must_be_plain(node, path)
        if isinstance(node, yaml.SequenceNode):
            for at, item in enumerate(node.value):
                self.value(item, (*path, at))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self.value(value, self._key(key, path))
        else:
            self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: KeyPath) -> None:
        if node.style is None:  # type: ignore[attr-defined]
            self.written[path] = node.value
        numeric = node.tag in (f"{_TAG}int", f"{_TAG}float")
        if (node.style is None or numeric) and (trap := _trap(node.value)):  # type: ignore[attr-defined]
            self.traps[path] = trap

    def _key(self, key: yaml.Node, path: KeyPath) -> KeyPath:
        if not (isinstance(key, yaml.ScalarNode) and key.tag in (f"{_TAG}str", f"{_TAG}merge")):
            raise SourceError("keys must be text: put this one in quotes", _place_of(key), path)
        inner = (*path, key.value)
        if inner in self.keys and key.value != "<<":
            raise SourceError(
                f"the key `{key.value}` stands here a second time (first on line "
                f"{self.keys[inner].line})",
                _place_of(key),
            )
        self.keys[inner] = _place_of(key)
        return inner


def _must_be_plain(node: yaml.Node, path: KeyPath) -> None:
    """Refuse what no recipe is made of."""
    name = node.tag.removeprefix(_TAG)
    if name == "merge":
        raise SourceError("`<<` is for keys: put it in quotes if it is text", _place_of(node), path)
    if name not in ("str", "int", "float", "bool", "null", "seq", "map"):
        shown = node.tag if name == node.tag else f"!!{name}"
        raise SourceError(
            f"{shown} is no tag that a recipe may have: leave it out, or put the value in quotes",
            _place_of(node),
            path,
        )
    if isinstance(node, yaml.ScalarNode) and _UNPRINTABLE.search(node.value):
        raise SourceError(
            "a text with a character that is none (half of a surrogate pair, or NUL)",
            _place_of(node),
            path,
        )


def _trap(written: str) -> str:
    """Return what is to be said where YAML 1.1 reads another number than stands there."""
    if _LEADING_ZERO.fullmatch(written):
        plain = int(written.replace("_", ""))
        return (
            f"{written}: YAML takes a number that begins with 0 for an octal one: write {plain}, "
            f"or '{written}' in quotes if it is text"
        )
    if _BASE_60.fullmatch(written):
        return (
            f"{written}: YAML takes digits with colons for a number to the base of 60: write the "
            f"number that is meant, or '{written}' in quotes if it is text"
        )
    return ""
