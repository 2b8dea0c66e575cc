"""Render the current scene and read its passes in memory: no files, no compositor.

Cycles is a render engine written in Python on the outside, so its ``render`` can be wrapped; when
the original returns, the engine's result holds every pass. EEVEE and Workbench are not, and bpy
gives no other way to their pixels than a file: they go through one in memory (``frame_file.py``).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import bpy
import numpy as np

from renderer.blender.frame_file import frame_file
from renderer.errors import UnavailableError
from renderer.shot.frame import Floats, Frame

# Passes for the denoiser by our names and Cycles'.
GUIDES = {"albedo": "Denoising Albedo", "normal": "Denoising Normal"}
# What the surface makes of light, whatever light there is: Cycles' names in 4.5 and 5.0.
_SURFACE = (
    ("DiffCol", "Diffuse Color"),
    ("GlossCol", "Glossy Color"),
    ("TransCol", "Transmission Color"),
)
_passes: dict[str, Floats] = {}


def install() -> None:
    """Wrap Cycles so that its passes are kept; does nothing the second time."""
    import cycles

    original = cycles.CyclesRender.render
    if hasattr(original, "wrapped"):
        return

    def render(engine, depsgraph):  # type: ignore[no-untyped-def]
        original(engine, depsgraph)
        result = engine.get_result()
        width, height = result.resolution_x, result.resolution_y
        for layer in result.layers:
            for each in layer.passes:
                flat = np.empty(width * height * each.channels, np.float32)
                each.rect.foreach_get(flat)
                _passes[each.name] = flat.reshape(height, width, each.channels)[::-1]

    render.wrapped = original
    cycles.CyclesRender.render = render


def capture() -> Frame:
    """Render the scene as it stands.

    Raises:
        UnavailableError: the engine failed; the message is Blender's own.

    """
    if bpy.context.scene.render.engine != "CYCLES":
        return Frame(_capture_through_file())
    _passes.clear()
    bpy.ops.render.render()
    if "Combined" not in _passes:
        raise UnavailableError(
            "Cycles gave no image back (out of memory, or the render was cancelled)"
        )
    index = _passes.get("IndexOB", _passes.get("Object Index"))  # 4.5 and 5.0
    return Frame(
        np.ascontiguousarray(_passes["Combined"]),
        None if index is None else np.rint(index[..., 0]).astype(np.int32),
        {
            name: np.ascontiguousarray(_passes[theirs])
            for name, theirs in GUIDES.items()
            if theirs in _passes
        }
        | _surface_color(),
    )


def switch_on(layer: bpy.types.ViewLayer, asked: Collection[str]) -> None:
    """Have Cycles write what is asked for beside the picture."""
    surface = "surface_color" in asked
    layer.use_pass_diffuse_color = layer.use_pass_glossy_color = surface
    layer.use_pass_transmission_color = surface


def _surface_color() -> dict[str, Floats]:
    """Return the share of light (h, w, 3) that surfaces reflect or let through, if it is there."""
    parts = [_passes[name] for names in _SURFACE for name in names if name in _passes]
    return {"surface_color": np.sum(parts, axis=0)} if len(parts) == len(_SURFACE) else {}


def _capture_through_file() -> Floats:
    render = bpy.context.scene.render
    width, height = render.resolution_x, render.resolution_y
    needed = width * height * 4 * np.dtype(np.float32).itemsize
    render.use_file_extension = False
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode = "RGBA"
    render.image_settings.color_depth = "32"
    render.image_settings.exr_codec = "NONE"
    with frame_file(needed) as path:
        render.filepath = str(path)
        try:
            bpy.ops.render.render(write_still=True)
        except RuntimeError as error:
            _must_be_whole(path, needed, str(error))
            raise
        # Blender does not mind a file that is cut short: some of its rows would be black.
        _must_be_whole(path, needed)
        flat = np.empty(width * height * 4, np.float32)
        image = bpy.data.images.load(str(path))
        try:
            image.alpha_mode = "PREMUL"
            if tuple(image.size) != (width, height) or image.channels != 4:
                raise UnavailableError(
                    f"the {width}x{height} frame came back from Blender as {tuple(image.size)} "
                    f"with {image.channels} channels: its file was damaged"
                )
            image.pixels.foreach_get(flat)
        finally:
            bpy.data.images.remove(image)
    return np.ascontiguousarray(flat.reshape(height, width, 4)[::-1])


def _must_be_whole(path: Path, needed: int, said: str = "") -> None:
    """Raise RuntimeError where a frame's file, which has no compression, lacks some of it."""
    written = path.stat().st_size
    if written < needed:
        reason = said.strip().rpartition("\n")[2].removeprefix("Error: ")
        raise UnavailableError(
            f"a frame needs {needed / 1e6:.1f} MB of memory or temporary files for a moment, and "
            f"only {written / 1e6:.1f} MB could be written{reason and f' ({reason})'}: free some, "
            "or lower the resolution"
        )
