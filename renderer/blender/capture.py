"""Render the current scene and read its passes in memory: no files, no compositor.

Cycles is a render engine written in Python on the outside, so its ``render`` can be wrapped; when
the original returns, the engine's result holds every pass. EEVEE and Workbench are not, and bpy
gives no other way to their pixels than a file: they go through one in memory (see ``_scratch``).
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import bpy
import numpy as np

from renderer.blender.frame import Floats, Frame
from renderer.errors import UnavailableError

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
        RuntimeError: the engine failed; the message is Blender's own.

    """
    if bpy.context.scene.render.engine != "CYCLES":
        return Frame(_capture_through_memory_file())
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
        _contiguous(_passes.get("Denoising Albedo")),
        _contiguous(_passes.get("Denoising Normal")),
    )


def _contiguous(rows: Floats | None) -> Floats | None:
    return None if rows is None else np.ascontiguousarray(rows)


def _scratch() -> Path:
    """Return a folder in memory where there is one, so that no disk is touched."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _capture_through_memory_file() -> Floats:
    path = _scratch() / f"orbitset-{os.getpid()}.exr"
    render = bpy.context.scene.render
    render.filepath = str(path)
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode = "RGBA"
    render.image_settings.color_depth = "32"
    render.image_settings.exr_codec = "NONE"
    try:
        bpy.ops.render.render(write_still=True)
        image = bpy.data.images.load(str(path))
        image.alpha_mode = "PREMUL"
        width, height = image.size
        flat = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(flat)
        bpy.data.images.remove(image)
    finally:
        path.unlink(missing_ok=True)
    return np.ascontiguousarray(flat.reshape(height, width, 4)[::-1])
