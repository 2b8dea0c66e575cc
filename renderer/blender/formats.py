"""One importer a format, as they are named in bpy 4.5 and 5.0."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from renderer.asset import AssetError
from renderer.blender.dependencies import USD, usd_files

_VISIBILITY = "KHR_node_visibility"
# Extensions that say nothing of how a model looks.
_WITHOUT_LOOKS = (
    "KHR_xmp",
    "KHR_interactivity",
    "KHR_audio",
    "KHR_physics",
    "MSFT_lod",
    "EXT_mesh_m",
)


def import_file(path: Path) -> list[str]:
    """Import a model file into the current (empty) scene; a .blend file takes its place. Return
    warnings.

    Raises:
        AssetError: the importer refused the file, or this Blender has no importer for it.

    """
    importer = _IMPORTERS[path.suffix.lower()]
    try:
        return importer(str(path)) or []
    except AssetError:
        raise
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


def _gltf(path: str) -> list[str]:
    importer = sys.modules["io_scene_gltf2"]
    reader = _GltfReader()
    # The importer asks the add-ons that are on for such a class: its own will do.
    importer.glTF2ImportUserExtension = lambda: reader
    try:
        # Packed, they would not tell where they came from; the cache packs them all.
        bpy.ops.import_scene.gltf(filepath=path, import_pack_images=False)
    finally:
        del importer.glTF2ImportUserExtension
    for item in reader.hidden:
        for each in (item, *item.children_recursive):
            each.hide_render = True
    return [
        f"uses {name}, which Blender's importer does not know: that part of its looks is missing"
        for name in reader.unknown
    ]


class _GltfReader:
    """Hooks of Blender's glTF importer: what it passes over in silence."""

    def __init__(self) -> None:
        self.hidden: list[bpy.types.Object] = []
        self.unknown: list[str] = []

    def gather_import_gltf_before_hook(self, gltf: Any) -> None:
        used = set(gltf.data.extensions_used or ())
        known = {*gltf.extensions_managed, _VISIBILITY}
        self.unknown = sorted(name for name in used - known if not name.startswith(_WITHOUT_LOOKS))

    def gather_import_node_after_hook(
        self, _vnode: Any, node: Any, item: bpy.types.Object, _gltf: Any
    ) -> None:
        found = (node.extensions or {}).get(_VISIBILITY) if node is not None else None
        if isinstance(found, dict) and found.get("visible") is False:
            self.hidden.append(item)


def _obj(path: str) -> list[str]:
    bpy.ops.wm.obj_import(filepath=path)
    for material in bpy.data.materials:
        _take_opacity_map(material)
    return []


def _take_opacity_map(material: bpy.types.Material) -> None:
    """Let a ``map_d`` without an alpha channel cut by its brightness, which is what the MTL format
    means: Blender's importer looks at the alpha channel alone, and finds it solid (4.5).
    """
    tree = material.node_tree
    shader = tree and next((n for n in tree.nodes if n.type == "BSDF_PRINCIPLED"), None)
    if not shader or not shader.inputs["Alpha"].is_linked:
        return
    link = shader.inputs["Alpha"].links[0]
    image = link.from_node.image if link.from_node.type == "TEX_IMAGE" else None
    if image is None or link.from_socket.name != "Alpha" or image.size[0] == 0:
        return
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    if (pixels[3::4] < 1).any():
        return
    own = image.copy() if image.users > 1 else image
    own.colorspace_settings.name = "Non-Color"
    link.from_node.image = own
    tree.links.new(link.from_node.outputs["Color"], shader.inputs["Alpha"])


def _fbx(path: str) -> list[str]:
    if bpy.app.version >= (5, 0, 0):
        # 5.0's Python importer fails on files with lights (it sets a property that is gone).
        bpy.ops.wm.fbx_import(filepath=path)
    else:
        bpy.ops.import_scene.fbx(filepath=path)
    # What the file hides the importer hides in the viewport only, and FBX hides it with all below.
    for item in [each for each in bpy.data.objects if each.hide_viewport]:
        for each in (item, *item.children_recursive):
            each.hide_render = True
    return []


def _usd(path: str) -> list[str]:
    bpy.ops.wm.usd_import(filepath=path, import_cameras=False, import_lights=False)
    _, missing = usd_files(Path(path))
    for file in sorted(missing):
        if file.suffix.lower() in USD:
            raise AssetError(f"{path} refers to {file}, which is not there: put it in its place")
    return [f"file {file.name} is missing: what it gives to the looks is, too" for file in missing]


def _ply(path: str) -> None:
    bpy.ops.wm.ply_import(filepath=path)


def _stl(path: str) -> None:
    bpy.ops.wm.stl_import(filepath=path)


def _collada(path: str) -> None:
    if bpy.app.version >= (5, 0, 0):
        raise AttributeError("Blender 5.0 dropped Collada: convert it to glTF, or use bpy 4.5")
    bpy.ops.wm.collada_import(filepath=path)


def _blend(path: str) -> list[str]:
    # A .blend file is a stranger's program: none of its scripts and drivers are run.
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    for block in (*bpy.data.libraries, *bpy.data.cache_files):
        parent = block.parent if isinstance(block, bpy.types.Library) else block.library
        if not Path(bpy.path.abspath(block.filepath, library=parent)).is_file():
            raise AssetError(
                f"{path} links to {block.filepath.removeprefix('//')}, which is not there: put it "
                "in its place, or make the parts local in Blender"
            )
    warnings = [
        f"font {font.name} is missing: its texts have another"
        for font in bpy.data.fonts
        if font.filepath not in ("", "<builtin>")
        and font.packed_file is None
        and not Path(bpy.path.abspath(font.filepath, library=font.library)).is_file()
    ]
    if bpy.app.autoexec_fail:
        warnings.append("has drivers in Python, which are not run: what they move may stand wrong")
    return warnings


_IMPORTERS: dict[str, Callable[[str], list[str] | None]] = {
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
