"""Colours that a lens magnifies differently (lateral chromatic aberration)."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats, Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

Shift = Annotated[Number, within(-50, 50)]


class ChromaticAberrationConfig(Strict):
    """By how much, in a corner of the picture."""

    red_px: Shift = Field(
        0.5, description="So many pixels farther out than green red is in a corner; none amid."
    )
    blue_px: Shift = Field(-0.5, description="The same of blue; below 0 it is farther in.")


class ChromaticAberrationState(EffectState):
    """How many pixels farther out than green red and blue are in a corner."""

    effect: Literal["chromatic_aberration"] = "chromatic_aberration"
    red_px: float
    blue_px: float


class ChromaticAberration(Effect[ChromaticAberrationConfig, ChromaticAberrationState]):
    """Red and blue are magnified otherwise than green, so that edges have coloured fringes that
    grow towards the corners. Labels are where green is.
    """

    name = "chromatic_aberration"
    stage = "linear"
    Config = ChromaticAberrationConfig
    State = ChromaticAberrationState

    def draw(
        self, config: ChromaticAberrationConfig, draws: Draws, scene: SceneDraft
    ) -> ChromaticAberrationState:
        """Return the shifts of one shot."""
        del scene
        return ChromaticAberrationState(
            red_px=draws.number("red_px", config.red_px),
            blue_px=draws.number("blue_px", config.blue_px),
        )

    def apply(self, state: ChromaticAberrationState, picture: Picture) -> Picture:
        """Return the picture with red and blue magnified about its middle."""

        def magnified(planes: Floats) -> Floats:
            made = planes.copy()
            for channel, shift in ((0, state.red_px), (2, state.blue_px)):
                made[..., channel] = _magnified(planes[..., channel], shift)
            return made

        return picture.spread(magnified, by_channel=True)


def _magnified(plane: Floats, shift_px: float) -> Floats:
    """Return a plane (h, w) magnified so that its corners lie so many pixels farther out."""
    import cv2  # recipes are read without

    height, width = plane.shape
    middle = np.array([width - 1, height - 1]) / 2
    # What is seen at p stood at middle + scale * (p - middle).
    scale = 1 - shift_px / (math.hypot(width, height) / 2)
    back = np.column_stack([np.eye(2) * scale, middle * (1 - scale)])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(
            np.ascontiguousarray(plane),
            back,
            (width, height),
            flags=flags,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.float32,
    )
