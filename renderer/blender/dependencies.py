"""Which files an import depends on: asked of Blender and of the importers, never guessed.

C code opens most of them, so that Python's own audit of opened files knows only a part: Blender
lists the external files of its data, USD's library the layers and assets of a stage, and an OBJ
names its material files in plain text.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from renderer.asset import AssetError
from renderer.asset.source import ANYWHERE_BELOW

USD = {".usd", ".usda", ".usdc", ".usdz"}
_opened: set[str] | None = None
_hooked = False


@contextmanager
def opened_files() -> Iterator[set[str]]:
    """Collect the paths that Python code opens inside the block."""
    global _opened, _hooked
    if not _hooked:  # an audit hook cannot be taken back
        sys.addaudithook(_note)
        _hooked = True
    _opened = set()
    try:
        yield _opened
    finally:
        _opened = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str | bytes):
        _opened.add(os.fsdecode(arguments[0]))


def dependencies(model: Path, opened: set[str]) -> list[Path]:
    """Return every other file that the import of a model has used or looked for, in order.

    Call it after the import, before anything of it is taken out.
    """
    found = {Path(path) for path in opened}
    found |= {Path(path) for path in bpy.utils.blend_paths(absolute=True)}
    for image in bpy.data.images:
        if image.source == "TILED" and "<UDIM>" in image.filepath:
            pattern = bpy.path.abspath(image.filepath)
            found |= {Path(pattern.replace("<UDIM>", str(t.number))) for t in image.tiles}
    # Importers look beside the model, too, and FBX's in all folders below it.
    lacking = {path for path in found if not path.is_file()}
    found |= {model.parent / path.name for path in lacking}
    suffix = model.suffix.lower()
    if lacking and suffix == ".fbx":
        found.add(model.parent / ANYWHERE_BELOW)
    if suffix in USD:
        found |= usd_files(model)[0]
    if suffix == ".obj":
        found |= set(material_libraries(model))
    here = model.absolute()
    own = {path for path in map(Path.absolute, found) if path != here and not _is_system(path)}
    return sorted(Path(os.path.normpath(path)) for path in own)


def material_libraries(model: Path) -> list[Path]:
    """Return the material files of an OBJ as Blender's importer takes them: those it names, and the
    one of its own name, which counts where the others say nothing.
    """
    named = []
    with model.open("rb") as file:
        for line in file:
            if line.startswith((b"mtllib ", b"mtllib\t")):
                name = line[7:].decode("utf-8", "replace").strip().strip('"')
                named += [model.parent / name] if name else []
    return [*named, model.with_suffix(".mtl")]


def usd_files(model: Path) -> tuple[set[Path], set[Path]]:
    """Return the files that a USD stage is made of, and those of them that are not there.

    Raises:
        AssetError: its layers cannot be read; names the model.

    """
    # Blender's own build of USD's library; bpy does not put it on the path (bpy 4.5).
    site = Path(bpy.utils.system_resource("DATAFILES")).parent
    for folder in site.glob("python/lib/*/site-packages"):
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
    from pxr import Tf, UsdUtils

    try:
        layers, assets, lacking = UsdUtils.ComputeAllDependencies(str(model))
    except Tf.ErrorException as error:
        first = str(error).strip().splitlines()[0]
        raise AssetError(
            f"{model} cannot be imported: its layers cannot be read ({first})"
        ) from None
    inside = f"{model.suffix.lower()}["  # a file in a package: model.usdz[0/skin.png]

    def outside(paths: Iterable[str]) -> set[Path]:
        return {model.parent / path for path in paths if path and inside not in path.lower()}

    missing = outside(lacking)
    return outside([*(layer.realPath for layer in layers), *assets]) | missing, missing


def _is_system(path: Path) -> bool:
    """Tell whether a file is Python's, Blender's or the system's, and no part of the model: those
    differ between machines, and a model's digest may not.
    """
    places = (
        *(sys.prefix, sys.base_prefix, bpy.utils.resource_path("LOCAL"), bpy.app.tempdir),
        *("/proc", "/dev", "/sys", "/etc"),
    )
    return path.is_dir() or any(path.is_relative_to(place) for place in places if place)
