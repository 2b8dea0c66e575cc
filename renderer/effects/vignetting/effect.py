"""Light that a lens loses towards the corners."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within


class VignettingConfig(Strict):
    """By how much."""

    strength: Annotated[Number, within(0, 1)] = Field(
        0.3, description="Share of the light that is lost in a corner."
    )


class VignettingState(EffectState):
    """``strength`` is the share of the light that is lost in a corner."""

    effect: Literal["vignetting"] = "vignetting"
    strength: float


class Vignetting(Effect[VignettingConfig, VignettingState]):
    """Corners are darker than the middle; a backdrop's, too."""

    name = "vignetting"
    stage = "linear"
    Config = VignettingConfig
    State = VignettingState

    def draw(self, config: VignettingConfig, draws: Draws, scene: SceneDraft) -> VignettingState:
        """Return the loss of one shot."""
        del scene
        return VignettingState(strength=draws.number("strength", config.strength))

    def apply(self, state: VignettingState, picture: Picture) -> Picture:
        """Return the picture times what is left: by the cosine to the fourth of the angle off the
        axis that loses so much in a corner, as a plain lens does.
        """
        height, width = picture.color.shape[:2]
        y, x = (np.arange(n) + 0.5 - n / 2 for n in (height, width))
        # Squared distance from the middle, 1 in the outermost corner of the frame.
        radius2 = (y[:, None] ** 2 + x**2) / ((height / 2) ** 2 + (width / 2) ** 2)
        # cos^4 = 1 / (1 + tan^2)^2; total darkness would need a right angle.
        tangent2 = 1 / np.sqrt(max(1 - state.strength, 1e-6)) - 1
        left = (1 + tangent2 * radius2) ** -2
        return picture.times(np.asarray(left[..., None], np.float32))
