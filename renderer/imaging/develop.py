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
from renderer.errors import UnavailableError, UserError
from renderer.imaging.backdrop import backdrop
from renderer.imaging.denoise import denoise, denoise_alpha
from renderer.registry import EFFECTS
from renderer.shot.engines import capabilities
from renderer.shot.frame import Frame
from renderer.shot.shot import AnyEffectState, ImageOf, Shot, Variant


def develop(shot: Shot, image: ImageOf, frame: Frame, folder: Path) -> npt.NDArray[np.uint8]:
    """Return the finished picture (h, w, 3), display sRGB.

    As in a camera: what the engine gave is cleaned, and bent as the lens bends it; effects of lens
    and sensor work on its light, those of development on what is shown. A backdrop is a picture
    that some lens has made already, and is not bent.

    Args:
        shot: the shot.
        image: which of its images.
        frame: what the image's view saw.
        folder: the recipe's folder, which the backdrop's path is relative to.

    """
    states = _states(shot, image.variant)
    behind = backdrop(
        image.variant.background or shot.background, folder, image.view.camera.resolution
    )
    given = Picture(
        _through_lens(_clean(shot, frame), image),
        None if behind is None else to_linear(behind),
        seed=0,
        view_transform=shot.render.view_transform,
    )
    picture = given
    for state in _of(states, "linear", "sensor"):
        seeded = replace(picture, seed=_seed(shot, image, state.effect))
        with EFFECTS.calling(state.effect):
            made = EFFECTS.get(state.effect).apply(state, seeded)
            _check(state.effect, made.color, picture.color)
            if picture.backdrop is not None:
                _check(state.effect, made.backdrop, picture.backdrop)
        picture = made
    if picture.backdrop is not None and picture.backdrop is not given.backdrop:
        behind = to_display(picture.backdrop)
    display = _shown(picture, behind, _of(states, "display"), shot.render.view_transform)
    for state in _of(states, "sensor", "display"):
        with EFFECTS.calling(state.effect):
            shown = EFFECTS.get(state.effect).after_view(state, display)
            if shown is not display:
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


def _states(shot: Shot, variant: Variant) -> list[AnyEffectState]:
    """Return what effects do to a picture: the variant's in the place of the shot's."""
    if variant.gains:
        raise UnavailableError(
            "variants with other light need light groups, which are not rendered"
        )
    own = {state.effect: state for state in (*shot.effects, *variant.effects)}
    return sorted(own.values(), key=lambda state: EFFECTS.names().index(state.effect))


def _of(states: list[AnyEffectState], *stages: Stage) -> list[AnyEffectState]:
    """Return those of some stages, of an earlier stage first."""
    return [
        state for stage in stages for state in states if EFFECTS.get(state.effect).stage == stage
    ]


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


def _through_lens(color: Floats, image: ImageOf) -> Floats:
    """Return light and coverage (h, w, 4) as the lens bends them, of the pinhole's picture."""
    camera = image.view.camera
    if camera.distortion is None:
        return color
    from renderer.geometry.overscan import through_lens

    return through_lens(color, camera.K, camera.resolution, camera.distortion)


def _shown(
    picture: Picture, behind: Floats | None, states: list[AnyEffectState], view_transform: str
) -> Floats:
    """Return display sRGB (h, w, 3) of a picture.

    The rendered part goes through the view transform; a backdrop is what its author saw, so it is
    mixed in after it, by the light the display gives off (linear), never by its code values.

    Args:
        picture: the picture.
        behind: its backdrop in display sRGB, exactly as given where no effect has changed it.
        states: the effects of development.
        view_transform: how light is shown.

    """
    linear = picture.straight
    for state in states:
        with EFFECTS.calling(state.effect):
            made = EFFECTS.get(state.effect).before_view(state, linear)
            _check(state.effect, made, linear)
        linear = made
    shown = apply_view(linear, view_transform)
    if behind is None or picture.backdrop is None:
        return shown
    cover = picture.cover
    # Exact where nothing is mixed, so that a covered pixel is Blender's own to the last bit.
    mixed = to_display(to_linear(shown) * cover + picture.backdrop * (1 - cover))
    return np.where(cover >= 1, shown, np.where(cover <= 0, behind, mixed))


def _quantise(display: Floats) -> npt.NDArray[np.uint8]:
    # Blender rounds to nearest: floor(255 x + 0.5).
    return (np.clip(display, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
