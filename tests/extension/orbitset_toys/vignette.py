"""An effect of the stage sensor: the picture gets darker towards its corners."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects import Effect, EffectState, Strict
from renderer.values.number import Number, within


class VignetteConfig(Strict):
    strength: Annotated[Number, within(0, 1)] = Field(0.5, description="Light lost in a corner.")


class VignetteState(EffectState):
    effect: Literal["vignette"] = "vignette"
    strength: float


class Vignette(Effect):
    """Corners are darker than the middle."""

    name, stage = "vignette", "sensor"
    Config, State = VignetteConfig, VignetteState

    def draw(self, config, draws, scene):
        return VignetteState(strength=draws.number("strength", config.strength))

    def apply(self, state, picture):
        height, width = picture.color.shape[:2]
        y, x = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        light = (1 - state.strength * (x * x + y * y) / 2).astype(np.float32)
        return picture.times(light[..., None])
