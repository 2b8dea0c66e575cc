"""Blender's own view transforms, through OpenColorIO and the configuration in bpy's wheel."""

from __future__ import annotations

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PyOpenColorIO as ocio  # noqa: N813

from renderer.colour.temperature import chromaticity
from renderer.errors import UnavailableError

Floats = npt.NDArray[np.float32]

_RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])


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
def _processor(view: str) -> ocio.CPUProcessor:
    config = ocio.Config.CreateFromFile(str(blender_data() / "colormanagement" / "config.ocio"))
    transform = ocio.DisplayViewTransform(src="scene_linear", display="sRGB", view=view)
    return config.getProcessor(transform).getDefaultCPUProcessor()


def apply_view(linear: Floats, view: str) -> Floats:
    """Return display sRGB (h, w, 3) of linear Rec.709 through one of Blender's views."""
    display = np.array(linear, np.float32, order="C")
    _processor(view).applyRGB(display)
    return display


def expose(linear: Floats, stops: float, white_balance_k: float | None) -> Floats:
    """Return the linear picture brighter by ``stops``, with a light of a temperature made neutral.

    White balance is a Bradford adaptation (Lam 1985) from that light's white to D65.
    """
    if stops:
        linear = linear * np.float32(2.0**stops)
    if white_balance_k is None:
        return linear
    x, y = chromaticity(white_balance_k)
    source = np.array([x / y, 1.0, (1 - x - y) / y])
    gain = np.diag((_BRADFORD @ _WHITE_D65) / (_BRADFORD @ source))
    matrix = np.linalg.inv(_RGB_TO_XYZ) @ np.linalg.inv(_BRADFORD) @ gain @ _BRADFORD @ _RGB_TO_XYZ
    return np.asarray(np.maximum(linear @ matrix.T, 0), np.float32)
