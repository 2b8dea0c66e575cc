"""The records of a dataset described: as a JSON Schema for programs, and as a page to read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel, Field, create_model

from renderer.dataset.records import (
    AnnotationRecord,
    CameraRecord,
    CategoryRecord,
    FileRecord,
    ImageRecord,
    records_of,
)
from renderer.dataset.stored_model import StoredModel
from renderer.geometry.distortion import Distortion
from renderer.registry import LABEL_KINDS
from renderer.truth.kind import LabelKind

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WORDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


class Instances(StoredModel):
    """``annotations/instances.json``: COCO's file, with keys of our own in its records."""

    info: dict[str, str] = Field(description="The recipe's name, and the version of orbitset.")
    licenses: tuple[Any, ...] = Field(description="COCO's; none.")
    categories: tuple[CategoryRecord, ...]
    images: tuple[ImageRecord, ...] = Field(description="In the order of their ids.")
    annotations: tuple[AnnotationRecord, ...] = Field(description="In the order of their images.")


def json_schema(kinds: Collection[str]) -> dict[str, Any]:
    """Return the JSON Schema of ``annotations/instances.json`` of a dataset with some label kinds;
    of those that are not installed here it says nothing.
    """
    records = records_of(kinds)
    image: Any = records.image
    annotation: Any = records.annotation
    fields = Instances.model_fields
    model = create_model(
        "Instances",
        __base__=Instances,
        __doc__=Instances.__doc__,
        images=(tuple[image, ...], fields["images"]),
        annotations=(tuple[annotation, ...], fields["annotations"]),
    )
    return {"$schema": _DIALECT, **model.model_json_schema()}


def page(kinds: Collection[str]) -> str:
    """Return a page in Markdown about the records of a dataset with some label kinds."""
    known = [LABEL_KINDS.get(name) for name in kinds if name in LABEL_KINDS.names()]
    return "\n".join([*_core(), *(line for kind in known for line in _kind(kind))]) + "\n"


def _core() -> Iterator[str]:
    yield "# Records\n"
    yield (
        "What `annotations/instances.json` says of each image and object: COCO's keys, and our "
        "own. A record\nhas a core, and the keys of the label kinds that the recipe's `labels` "
        "asks for. Lengths are metres, and\nthe world's Z points up. Keys that are not described "
        "here may be there, too.\n\n"
        "`orbitset dataset schema` prints this as a JSON Schema, and with a dataset's folder that "
        "of this\ndataset; with `--markdown` it prints this page.\n"
    )
    for title, model in (
        ("Images", ImageRecord),
        ("Camera", CameraRecord),
        ("Distortion", Distortion),
        ("File", FileRecord),
        ("Categories", CategoryRecord),
        ("Annotations", AnnotationRecord),
    ):
        yield f"## {title}\n"
        yield f"{_first_words(model)}\n"
        yield from _table(model)


def _kind(kind: LabelKind) -> Iterator[str]:
    yield f"## Label kind `{kind.name}`\n"
    asked = "On unless the recipe says" if kind.default else "Off unless the recipe says"
    state = f"{asked} `labels: {{{kind.name}: {'false' if kind.default else 'true'}}}`."
    needs = f" Needs {_listed(kind.needs)}." if kind.needs else ""
    yield f"{_first_words(type(kind))} {state}{needs}\n"
    for title, model in (
        ("Options", kind.Config),
        ("Of an annotation", kind.ObjectFields),
        ("Of an image", kind.ImageFields),
    ):
        if model.model_fields:
            yield f"{title}: {_first_words(model)[:1].lower()}{_first_words(model)[1:]}\n"
            yield from _table(model)
            yield from _nested(model)
    if kind.files:
        yield f"Files of an image: {_listed(kind.files)}.\n"


def _nested(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of the records that a model has lists of."""
    for name, of in model.model_json_schema().get("$defs", {}).items():
        if name.endswith("Record"):
            yield f"### {name.removesuffix('Record')}\n"
            yield f"{of['description']}\n"
            yield from _rows(of)


def _listed(names: Collection[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _first_words(described: type) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join((described.__doc__ or "").strip().split("\n\n")[0].split()).replace("``", "`")


def _table(model: type[BaseModel]) -> Iterator[str]:
    """Yield the keys of a model, with what their values are and mean."""
    yield from _rows(model.model_json_schema())


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    yield "| key | value | meaning |\n|---|---|---|"
    for key, of in schema["properties"].items():
        meaning = of.get("description", "").replace("``", "`").replace("|", "\\|")
        if "default" in of:
            default = "nothing" if of["default"] in ("", [], None) else f"`{of['default']}`"
            meaning = f"{meaning} Default: {default}.".strip()
        yield f"| `{key}` | {_value(of)} | {meaning} |"
    yield ""


def _value(of: dict[str, Any]) -> str:
    """Return in words what a JSON Schema takes."""
    if "$ref" in of:
        return _referred(of["$ref"])
    if "enum" in of:
        return " or ".join(f"`{each}`" for each in of["enum"])
    if several := of.get("anyOf") or of.get("oneOf"):
        return " or ".join(_value(each) for each in several)
    if of.get("type") == "array":
        return _list(of)
    if isinstance(of.get("additionalProperties"), dict):
        return f"{_value(of['additionalProperties'])} by name"
    return _WORDS.get(of.get("type", ""), "anything")


def _list(of: dict[str, Any]) -> str:
    """Return the words for an array: list of texts, 4 whole numbers, 3 x 3 numbers."""
    sides, lists, inner = [], 0, of
    while inner.get("type") == "array":
        if fixed := inner.get("prefixItems"):
            sides.append(str(len(fixed)))
        else:
            lists += 1
        inner = fixed[0] if fixed else inner.get("items", {})
    words = _value(inner)
    plural = words if words == "anything" else f"{words}s"
    counted = " ".join([*(["list of"] * (lists > 0)), *["lists of"] * (lists - 1)])
    return " ".join(filter(None, [counted, " x ".join(sides), plural]))


def _referred(path: str) -> str:
    name = path.rpartition("/")[2].removesuffix("Record")
    return "RLE" if name == "Rle" else f"[{name.lower()}](#{name.lower()})"
