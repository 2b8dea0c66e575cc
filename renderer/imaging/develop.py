"""From an engine's passes to an 8-bit picture."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.colour.srgb import to_display, to_linear
from renderer.colour.view_transform import apply_view
from renderer.effects.effect import Stage
from renderer.effects.picture import Floats, Picture
from renderer.errors import UserError
from renderer.imaging.backdrop import backdrop
from renderer.imaging.denoise import denoise, denoise_alpha
from renderer.registry import EFFECTS
from renderer.shot.engines import capabilities
from renderer.shot.frame import Frame
from renderer.shot.shot import AnyEffectState, ImageOf, Shot


def develop(shot: Shot, image: ImageOf, frame: Frame, folder: Path) -> npt.NDArray[np.uint8]:
    """Return the finished picture (h, w, 3), display sRGB.

    As in a camera: what the engine gave is cleaned, effects of lens and sensor work on its light,
    those of development on what is shown.

    Args:
        shot: the shot.
        image: which of its images.
        frame: what the image's view saw.
        folder: the recipe's folder, which the backdrop's path is relative to.

    """
    behind = backdrop(shot.background, folder, image.view.camera.resolution)
    picture = Picture(_clean(shot, frame), behind, seed=0)
    for state in _states(shot, "linear", "sensor"):
        seeded = replace(picture, seed=_seed(shot, image, state.effect))
        with EFFECTS.calling(state.effect):
            made = EFFECTS.get(state.effect).apply(state, seeded)
            _check(state.effect, made.color, picture.color)
            if picture.backdrop is not None:
                _check(state.effect, made.backdrop, picture.backdrop)
        picture = made
    display = _shown(shot, picture)
    for state in _states(shot, "display"):
        with EFFECTS.calling(state.effect):
            shown = EFFECTS.get(state.effect).after_view(state, display)
            _check(state.effect, shown, display)
        display = shown
    return _quantise(display)


def _check(effect: str, made: Floats, given: Floats) -> None:
    """Refuse of an effect what would be encoded as something else than it means."""
    if made.shape != given.shape or made.dtype.kind != "f":
        raise UserError(
            f"the effect {effect} makes a picture of {made.dtype} {made.shape} of one of "
            f"{given.dtype} {given.shape}"
        )
    if np.isnan(made).any() and not np.isnan(given).any():
        raise UserError(f"the effect {effect} makes a picture with values that are no numbers")


def _states(shot: Shot, *stages: Stage) -> list[AnyEffectState]:
    return [state for state in shot.effects if EFFECTS.get(state.effect).stage in stages]


def _seed(shot: Shot, image: ImageOf, effect: str) -> int:
    """Return 64 bits that differ between images and between effects."""
    text = f"{shot.render.seed}|{effect}|{image.view.name}|{image.number}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _clean(shot: Shot, frame: Frame) -> Floats:
    """Return light and coverage (h, w, 4) without the noise of path tracing, where that is wanted
    and there is any.
    """
    render = shot.render
    if not (render.denoise and capabilities(render.engine).noisy):
        return frame.color
    color = denoise(frame.color, frame.passes.get("albedo"), frame.passes.get("normal"))
    if shot.background.shadows:
        color[..., 3] = denoise_alpha(frame.color[..., 3])
    return color


def _shown(shot: Shot, picture: Picture) -> Floats:
    """Return display sRGB (h, w, 3) of a picture.

    The rendered part goes through the view transform; a backdrop is what its author saw, so it is
    mixed in after it, by the light the display gives off (linear), never by its code values.
    """
    linear, behind = picture.straight, picture.backdrop
    for state in _states(shot, "display"):
        with EFFECTS.calling(state.effect):
            made = EFFECTS.get(state.effect).before_view(state, linear)
            _check(state.effect, made, linear)
        linear = made
    shown = apply_view(linear, shot.render.view_transform)
    if behind is None:
        return shown
    cover = picture.cover
    # Exact where nothing is mixed, so that a covered pixel is Blender's own to the last bit.
    mixed = to_display(to_linear(shown) * cover + to_linear(behind) * (1 - cover))
    return np.where(cover >= 1, shown, np.where(cover <= 0, behind, mixed))


def _quantise(display: Floats) -> npt.NDArray[np.uint8]:
    # Blender rounds to nearest: floor(255 x + 0.5).
    return (np.clip(display, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
