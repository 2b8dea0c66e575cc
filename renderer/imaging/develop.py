"""From an engine's passes to an 8-bit picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.colour.srgb import to_display, to_linear
from renderer.colour.view_transform import apply_view, expose
from renderer.imaging.backdrop import backdrop
from renderer.imaging.denoise import denoise, denoise_alpha
from renderer.shot.camera import View
from renderer.shot.engines import capabilities
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot

Floats = npt.NDArray[np.float32]


def develop(shot: Shot, view: View, frame: Frame, folder: Path) -> npt.NDArray[np.uint8]:
    """Return the finished picture (h, w, 3), display sRGB.

    The rendered part goes through the view transform; a backdrop is what its author saw, so it is
    mixed in after it, by the light the display gives off (linear), never by its code values.

    Args:
        shot: the shot.
        view: which of its cameras.
        frame: what that camera saw.
        folder: the recipe's folder, which the backdrop's path is relative to.

    """
    render, color = shot.render, frame.color
    alpha = color[..., 3]
    if render.denoise and capabilities(render.engine).noisy:
        color = denoise(color, frame.passes.get("albedo"), frame.passes.get("normal"))
        if shot.background.shadows:
            alpha = denoise_alpha(alpha)
    behind = backdrop(shot.background, folder, view.camera.resolution)
    linear = color[..., :3]
    if behind is None:
        shown = apply_view(
            expose(linear, render.exposure, render.white_balance_k), render.view_transform
        )
        return _quantise(shown)
    cover = np.clip(alpha, 0, 1)[..., None]
    straight = np.divide(linear, cover, out=np.zeros_like(linear), where=cover > 1e-4)
    shown = apply_view(
        expose(straight, render.exposure, render.white_balance_k), render.view_transform
    )
    # Exact where nothing is mixed, so that a covered pixel is Blender's own to the last bit.
    mixed = to_display(to_linear(shown) * cover + to_linear(behind) * (1 - cover))
    picture = np.where(cover >= 1, shown, np.where(cover <= 0, behind, mixed))
    return _quantise(picture)


def _quantise(display: Floats) -> npt.NDArray[np.uint8]:
    # Blender rounds to nearest: floor(255 x + 0.5).
    return (np.clip(display, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
