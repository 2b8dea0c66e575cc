"""Types of columns, for Arrow and for the ``datasets`` library, as a dataset's records have them.

Readers guess types from the first rows, and a guess is wrong where those are empty: hence each
value is brought into the type that its model declares.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

from renderer.dataset.json_text import dumps

_NULL = {"type": "null"}
_PYTHON: Mapping[str, Callable[[Any], Any]] = {
    "int64": index,
    "float64": float,
    "string": str,
    "bool": bool,
}


class Column(ABC):
    """The type of a column."""

    @abstractmethod
    def feature(self) -> Any:
        """Return it as the library's JSON has it."""

    @abstractmethod
    def arrow(self, pa: Any) -> Any:
        """Return it as a type of the module ``pyarrow``."""

    def value(self, given: Any) -> Any:
        """Return a record's value as one of this type."""
        return given


@dataclass(frozen=True)
class Scalar(Column):
    """A number, a text, or true or false."""

    dtype: str

    def feature(self) -> Any:
        """Return a Value."""
        return {"dtype": self.dtype, "_type": "Value"}

    def arrow(self, pa: Any) -> Any:
        """Return the type of the same name."""
        return pa.type_for_alias(self.dtype)

    def value(self, given: Any) -> Any:
        """Return it as Python's type: JSON's 1 may be a float."""
        return _PYTHON[self.dtype](given)


@dataclass(frozen=True)
class JsonText(Column):
    """Anything, as a text of JSON."""

    def feature(self) -> Any:
        """Return a text."""
        return Scalar("string").feature()

    def arrow(self, pa: Any) -> Any:
        """Return a text."""
        return pa.string()

    def value(self, given: Any) -> Any:
        """Return the text."""
        return dumps(given)


@dataclass(frozen=True)
class Classes(Column):
    """The place of a category among all, from 0."""

    names: tuple[str, ...]

    def feature(self) -> Any:
        """Return a ClassLabel."""
        return {"names": list(self.names), "_type": "ClassLabel"}

    def arrow(self, pa: Any) -> Any:
        """Return whole numbers."""
        return pa.int64()


@dataclass(frozen=True)
class Nullable(Column):
    """A value, or none."""

    of: Column

    def feature(self) -> Any:
        """Return the value's: every feature may be null."""
        return self.of.feature()

    def arrow(self, pa: Any) -> Any:
        """Return the value's."""
        return self.of.arrow(pa)

    def value(self, given: Any) -> Any:
        """Return the value, or None."""
        return None if given is None else self.of.value(given)


@dataclass(frozen=True)
class TextOrEmpty(Column):
    """A text, empty where there is none."""

    def feature(self) -> Any:
        """Return a text."""
        return Scalar("string").feature()

    def arrow(self, pa: Any) -> Any:
        """Return a text."""
        return pa.string()

    def value(self, given: Any) -> Any:
        """Return the text."""
        return given or ""


@dataclass(frozen=True)
class Listed(Column):
    """A list; ``length`` is None where it may have any."""

    of: Column
    length: int | None = None

    def feature(self) -> Any:
        """Return a list of one: releases before and after 4.0 have other words, and read this."""
        return [self.of.feature()]

    def arrow(self, pa: Any) -> Any:
        """Return a list of any length: not every reader knows those of a fixed one."""
        return pa.list_(self.of.arrow(pa))

    def value(self, given: Any) -> Any:
        """Return a list."""
        return [self.of.value(each) for each in given]


@dataclass(frozen=True)
class Struct(Column):
    """Values by name."""

    fields: Mapping[str, Column]

    def feature(self) -> Any:
        """Return each by its name."""
        return {name: column.feature() for name, column in self.fields.items()}

    def arrow(self, pa: Any) -> Any:
        """Return a struct."""
        return pa.struct([(name, column.arrow(pa)) for name, column in self.fields.items()])

    def value(self, given: Any) -> Any:
        """Return those that are known, by name."""
        return {name: column.value(given[name]) for name, column in self.fields.items()}


@dataclass(frozen=True)
class Mask(Struct):
    """A mask as COCO's run lengths."""

    fields: Mapping[str, Column]


@dataclass(frozen=True)
class FileContent(Column):
    """A file with its name; ``picture`` tells whether Pillow decodes it without loss, as the
    library does with an Image.
    """

    picture: bool

    def feature(self) -> Any:
        """Return an Image, or the same as plain bytes."""
        plain = {"bytes": {"dtype": "binary", "_type": "Value"}, "path": Scalar("string").feature()}
        return {"_type": "Image"} if self.picture else plain

    def arrow(self, pa: Any) -> Any:
        """Return a struct, as the library stores both."""
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def columns_of(schema: Mapping[str, Any]) -> dict[str, Column]:
    """Return the columns of a model's properties.

    Args:
        schema: the model's JSON Schema.

    """
    definitions = schema.get("$defs", {})
    return {key: _column(of, definitions) for key, of in schema["properties"].items()}


def _column(of: Mapping[str, Any], definitions: Mapping[str, Any]) -> Column:
    if "$ref" in of:
        of = definitions[of["$ref"].rpartition("/")[2]]
    several = of.get("anyOf") or of.get("oneOf")
    if several:
        one = _union([_column(each, definitions) for each in several if each != _NULL])
        return Nullable(one) if _NULL in several else one
    match of.get("type"):
        case "integer":
            return Scalar("int64")
        case "number":
            return Scalar("float64")
        case "boolean":
            return Scalar("bool")
        case "string":
            return Scalar("string")
        case "array":
            return _list(of, definitions)
        case "object" if of.get("properties"):
            fields = columns_of({**of, "$defs": definitions})
            return Mask(fields) if fields.keys() == {"size", "counts"} else Struct(fields)
    return JsonText()


def _union(columns: Sequence[Column]) -> Column:
    """Return one column for values of several types: masks are made alike, numbers are floats."""
    plain = [column.of if isinstance(column, Nullable) else column for column in columns]
    masks = [column for column in plain if isinstance(column, Mask)]
    if masks:
        one: Column = masks[0]
    elif all(column == plain[0] for column in plain):
        one = plain[0]
    elif all(column in (Scalar("int64"), Scalar("float64")) for column in plain):
        one = Scalar("float64")
    else:
        return JsonText()
    return Nullable(one) if plain != list(columns) else one


def _list(of: Mapping[str, Any], definitions: Mapping[str, Any]) -> Column:
    fixed = [_column(each, definitions) for each in of.get("prefixItems", ())]
    if fixed:
        one = _union(fixed)
        return Listed(one, len(fixed)) if not isinstance(one, JsonText) else one
    least, most = of.get("minItems"), of.get("maxItems")
    length = most if least == most else None
    return Listed(_column(of.get("items", {}), definitions), length)
