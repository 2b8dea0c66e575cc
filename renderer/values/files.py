"""Files a recipe names: resolved against the recipe's folder, with globs, checked on load.

A key that names files has one of the types at the end of this file, and is found by that
(``files_named``): whatever a recipe names is fingerprinted and checked, also under a new key.

The check needs to know the recipe's folder; the loader passes it as pydantic's validation context
under ``"folder"``. Without it (a recipe built in code) paths are taken as they are.
"""

from __future__ import annotations

import glob
import os
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from renderer.values.key import KeyPath

MODEL_SUFFIXES = (
    ".glb",
    ".gltf",
    ".obj",
    ".fbx",
    ".usd",
    ".usda",
    ".usdc",
    ".usdz",
    ".ply",
    ".stl",
    ".dae",
    ".blend",
)
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
HDRI_SUFFIXES = (".hdr", ".exr")
CALIBRATION_SUFFIXES = (".yaml", ".yml", ".txt")
# The CC0 HDRIs in bpy's own wheel (datafiles/studiolights/world).
BUNDLED_HDRIS = (
    "city",
    "courtyard",
    "forest",
    "interior",
    "night",
    "studio",
    "sunrise",
    "sunset",
)


@dataclass(frozen=True)
class FileKind:
    """What the files of a key are; stands in the metadata of the key's type.

    Attributes:
        what: the word for one.
        suffixes: what their names end in.
        bundled: names that stand for something that comes with Blender, and for no file.
        by_us: whether it is not Blender that reads them, but we do (with OpenCV).

    """

    what: Literal["model", "image", "HDRI", "calibration"]
    suffixes: tuple[str, ...]
    bundled: tuple[str, ...] = ()
    by_us: bool = False


@dataclass(frozen=True)
class NamedFiles:
    """A key of a recipe that names files.

    Attributes:
        key: the way to it.
        pattern: the file or files, as the recipe has it.
        kind: what they are.

    """

    key: KeyPath
    pattern: str
    kind: FileKind

    def files(self, folder: Path) -> list[str]:
        """Return the files it names, relative to the recipe's folder."""
        return matches(folder, self.pattern, self.kind.suffixes)


def is_glob(folder: Path, pattern: str) -> bool:
    """Tell whether a path stands for several files; a file of that very name stands for itself."""
    # Not Path.is_file: it raises where a name is too long.
    return glob.has_magic(pattern) and not os.path.isfile(folder / pattern)


def matches(folder: Path, pattern: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files ``pattern`` names, relative to ``folder`` as written, in sorted order.

    A glob keeps only files with one of ``suffixes``; a plain path stands for itself.
    """
    if not is_glob(folder, pattern):
        return [pattern]
    found = glob.glob(pattern, root_dir=folder, recursive=True)
    return sorted(
        Path(name).as_posix()
        for name in found
        if Path(name).suffix.lower() in suffixes and (folder / name).is_file()
    )


def files_named(recipe: BaseModel) -> list[NamedFiles]:
    """Return every key of a recipe (or of a part of one) that names files, by the types of its
    keys; what comes with Blender is left out.
    """
    found = dict.fromkeys(_in_model(recipe, ()))
    return [each for each in found if each.pattern not in each.kind.bundled]


def _in_model(model: BaseModel, path: KeyPath) -> Iterator[NamedFiles]:
    for name, field in type(model).model_fields.items():
        yield from _named(field.annotation, field.metadata, getattr(model, name), (*path, name))


def _named(kind: Any, metadata: list[Any], value: Any, path: KeyPath) -> Iterator[NamedFiles]:
    """Yield the files in a value whose type is ``kind`` with ``metadata``."""
    origin, inner = get_origin(kind), get_args(kind)
    marks = [each for each in metadata if isinstance(each, FileKind)]
    if origin is Annotated:
        yield from _named(inner[0], [*metadata, *inner[1:]], value, path)
    elif marks and isinstance(value, str):
        yield NamedFiles(path, str(value), marks[0])
    elif origin in (Union, types.UnionType):
        for member in _members(inner, value):
            yield from _named(member, [], value, path)
    elif isinstance(value, BaseModel):
        yield from _in_model(value, path)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _named(inner[1] if len(inner) > 1 else Any, [], each, (*path, key))
    elif isinstance(value, list | tuple | set | frozenset):
        each_its_own = origin is tuple and inner[-1:] != (...,)
        for at, each in enumerate(value):
            member = inner[at if each_its_own else 0] if inner else Any
            yield from _named(member, [], each, (*path, at))


def _members(union: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    """Return the members of a union that a value may be of: of a text, a word that one of them
    spells out, else the first that takes it.
    """
    members = tuple(each for each in union if each is not type(None))
    if not isinstance(value, str) or len(members) < 2:
        return members
    if any(get_origin(each) is Literal and value in get_args(each) for each in members):
        return ()
    for member in members:
        try:
            TypeAdapter(member).validate_python(value)
        except ValidationError:
            continue
        return (member,)
    return ()


def _check_file(kind: FileKind) -> Callable[[str, ValidationInfo], str]:
    what, suffixes = kind.what, kind.suffixes

    def check(pattern: str, info: ValidationInfo) -> str:
        folder = (info.context or {}).get("folder")
        if folder is None:
            return pattern
        if is_glob(folder, pattern):
            if not matches(folder, pattern, suffixes):
                raise PydanticCustomError(
                    "missing_file",
                    "no {what} matches this pattern (paths are relative to the recipe's folder)",
                    {"what": what},
                )
            return pattern
        path = folder / pattern
        try:
            path.stat()
        except OSError:
            raise PydanticCustomError(
                "missing_file",
                "no such file (paths are relative to the recipe's folder)",
                {"near": _nearby(path)},
            ) from None
        except ValueError:
            raise PydanticCustomError("missing_file", "not a path") from None
        if path.is_dir():
            raise PydanticCustomError(
                "missing_file",
                "is a folder: name a {what} in it, or use a pattern such as {pattern}/*{suffix}",
                {"what": what, "pattern": pattern.rstrip("/"), "suffix": suffixes[0]},
            )
        if path.suffix.lower() not in suffixes:
            raise PydanticCustomError(
                "file_kind",
                "not a {what}: its name must end in {suffixes}",
                {"what": what, "suffixes": ", ".join(suffixes)},
            )
        return pattern

    return check


def _nearby(path: Path) -> list[str]:
    """Return the names of the files that stand where ``path`` should, for a suggestion."""
    try:
        return sorted(entry.name for entry in path.parent.iterdir())[:2000]
    except OSError:
        return []


def _check_hdri(name: str, info: ValidationInfo) -> str:
    if name in BUNDLED_HDRIS:
        return name
    if "/" not in name and Path(name).suffix == "" and not glob.has_magic(name):
        raise PydanticCustomError(
            "unknown_hdri",
            "no bundled HDRI has this name; there are {names} (or give a .hdr or .exr file)",
            {"names": ", ".join(BUNDLED_HDRIS), "near": list(BUNDLED_HDRIS)},
        )
    return _check_hdri_file(name, info)


MODEL = FileKind("model", MODEL_SUFFIXES)
IMAGE = FileKind("image", IMAGE_SUFFIXES, by_us=True)
TEXTURE = FileKind("image", IMAGE_SUFFIXES)
HDRI = FileKind("HDRI", HDRI_SUFFIXES, BUNDLED_HDRIS)
CALIBRATION = FileKind("calibration", CALIBRATION_SUFFIXES)

_check_hdri_file = _check_file(HDRI)
_Path = Annotated[str, Field(strict=True, min_length=1)]

ModelFile = Annotated[_Path, AfterValidator(_check_file(MODEL)), MODEL]
ImageFile = Annotated[_Path, AfterValidator(_check_file(IMAGE)), IMAGE]
TextureFile = Annotated[_Path, AfterValidator(_check_file(TEXTURE)), TEXTURE]
CalibrationFile = Annotated[_Path, AfterValidator(_check_file(CALIBRATION)), CALIBRATION]
Hdri = Annotated[_Path, AfterValidator(_check_hdri), HDRI]
