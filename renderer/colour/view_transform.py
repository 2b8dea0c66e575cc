"""Blender's own view transforms, through OpenColorIO and the configuration in bpy's wheel."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.colour.srgb import to_linear
from renderer.errors import UnavailableError

Floats = npt.NDArray[np.float32]


def blender_data() -> Path:
    """Return Blender's datafiles folder without importing bpy.

    Raises UnavailableError when bpy is not installed.
    """
    found = importlib.util.find_spec("bpy")
    if found is None or found.origin is None:
        raise UnavailableError("bpy is not installed: pip install bpy (Python 3.11)")
    folders = sorted(Path(found.origin).parent.glob("*/datafiles"))
    if not folders:
        raise UnavailableError("bpy's datafiles are missing: reinstall bpy")
    return folders[-1]


@lru_cache(maxsize=16)
def _processor(view: str) -> Any:
    import PyOpenColorIO as ocio  # noqa: N813 # recipes are read without

    config = ocio.Config.CreateFromFile(str(blender_data() / "colormanagement" / "config.ocio"))
    transform = ocio.DisplayViewTransform(src="scene_linear", display="sRGB", view=view)
    return config.getProcessor(transform).getDefaultCPUProcessor()


def apply_view(linear: Floats, view: str) -> Floats:
    """Return display sRGB (h, w, 3) of linear Rec.709 through one of Blender's views."""
    display = np.array(linear, np.float32, order="C")
    _processor(view).applyRGB(display)
    return display


@lru_cache(maxsize=16)
def tone_of(view: str) -> tuple[Floats, Floats] | None:
    """Return how a view shows greys: scene light (n,), rising, and the light (n,) that a display
    gives off for it, 1 for its white. None for a view that does not show more light brighter.
    """
    light = np.geomspace(1e-4, 64, 2048).astype(np.float32)
    shown = to_linear(apply_view(np.repeat(light[None, :, None], 3, axis=2), view)[0, :, 1])
    if np.diff(shown).min() < -1e-5:
        return None
    return light, np.maximum.accumulate(shown)
