"""Files a recipe names: resolved against the recipe's folder, with globs, checked on load.

The check needs to know the recipe's folder; the loader passes it as pydantic's validation context
under ``"folder"``. Without it (a recipe built in code) paths are taken as they are.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from renderer.recipe.source import KeyPath

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

# What files a key of the recipe names.
SUFFIXES = {"image": IMAGE_SUFFIXES, "hdri": HDRI_SUFFIXES}
_BUNDLED = {("hdri", name) for name in BUNDLED_HDRIS}


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


def files_by_place(node: object, path: KeyPath = ()) -> list[tuple[KeyPath, str]]:
    """Return (way to the key, pattern) of every ``image`` and ``hdri`` in a recipe's plain data
    that names files beside it; not its models, nor the HDRIs that come with bpy.
    """
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list | tuple):
        items = list(enumerate(node))
    else:
        return []
    found: list[tuple[KeyPath, str]] = []
    for key, value in items:
        if key in SUFFIXES and isinstance(value, str):
            found += [((*path, key), value)] if (key, value) not in _BUNDLED else []
        else:
            found += files_by_place(value, (*path, key))
    return found


def _check_file(suffixes: tuple[str, ...], what: str) -> Callable[[str, ValidationInfo], str]:
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


_check_hdri_file = _check_file(HDRI_SUFFIXES, "HDRI")

ModelFile = Annotated[
    str, Field(strict=True, min_length=1), AfterValidator(_check_file(MODEL_SUFFIXES, "model"))
]
ImageFile = Annotated[
    str, Field(strict=True, min_length=1), AfterValidator(_check_file(IMAGE_SUFFIXES, "image"))
]
Hdri = Annotated[str, Field(strict=True, min_length=1), AfterValidator(_check_hdri)]
