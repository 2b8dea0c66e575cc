"""One importer a format, as they are named in bpy 4.5 and 5.0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import bpy

from renderer.asset import AssetError


def import_file(path: Path) -> None:
    """Import a model file into the current (empty) scene.

    Raises:
        AssetError: the importer refused the file, or this Blender has no importer for it.

    """
    importer = _IMPORTERS[path.suffix.lower()]
    try:
        importer(str(path))
    except (RuntimeError, AttributeError, TypeError) as error:
        raise AssetError(f"{path} cannot be imported: {_reason(error)}") from None
    except Exception as error:  # importers written in Python raise whatever went wrong in them
        raise AssetError(
            f"{path} cannot be imported: the file is damaged ({type(error).__name__}: {error})"
        ) from None


def _reason(error: Exception) -> str:
    """Return the last telling line of an operator's error, which may hold a whole traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Traceback", "File ", "Location:"))]
    text = telling[-1] if telling else type(error).__name__
    return text.removeprefix("Error: ")


def _gltf(path: str) -> None:
    bpy.ops.import_scene.gltf(filepath=path)


def _obj(path: str) -> None:
    bpy.ops.wm.obj_import(filepath=path)


def _fbx(path: str) -> None:
    if bpy.app.version >= (5, 0, 0):
        # 5.0's Python importer fails on files with lights (it sets a property that is gone).
        bpy.ops.wm.fbx_import(filepath=path)
    else:
        bpy.ops.import_scene.fbx(filepath=path)


def _usd(path: str) -> None:
    bpy.ops.wm.usd_import(filepath=path, import_cameras=False, import_lights=False)


def _ply(path: str) -> None:
    bpy.ops.wm.ply_import(filepath=path)


def _stl(path: str) -> None:
    bpy.ops.wm.stl_import(filepath=path)


def _collada(path: str) -> None:
    if bpy.app.version >= (5, 0, 0):
        raise AttributeError("Blender 5.0 dropped Collada: convert it to glTF, or use bpy 4.5")
    bpy.ops.wm.collada_import(filepath=path)


def _blend(path: str) -> None:
    # Appending runs no script and no driver: auto-execution is off in factory settings, and we
    # switch it off once more because a .blend file is a stranger's program.
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    with bpy.data.libraries.load(path, link=False) as (stored, wanted):
        wanted.objects = list(stored.objects)
    for item in wanted.objects:
        if item is not None and item.name not in bpy.context.scene.collection.objects:
            bpy.context.scene.collection.objects.link(item)


_IMPORTERS: dict[str, Callable[[str], None]] = {
    ".glb": _gltf,
    ".gltf": _gltf,
    ".obj": _obj,
    ".fbx": _fbx,
    ".usd": _usd,
    ".usda": _usd,
    ".usdc": _usd,
    ".usdz": _usd,
    ".ply": _ply,
    ".stl": _stl,
    ".dae": _collada,
    ".blend": _blend,
}

SUFFIXES = frozenset(_IMPORTERS)
