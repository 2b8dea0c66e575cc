"""How bright the picture is developed."""

from __future__ import annotations

from dataclasses import replace
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


class ExposureConfig(Strict):
    """By how much."""

    stops: Annotated[Number, within(-50, 50)] = Field(
        description="Each doubles the light; what is below 0 darkens."
    )


class ExposureState(EffectState):
    """``stops`` each double the light."""

    effect: Literal["exposure"] = "exposure"
    stops: float


class Exposure(Effect[ExposureConfig, ExposureState]):
    """Brighter or darker, in linear light, as if all lamps were. A backdrop stays as it is."""

    name = "exposure"
    stage = "linear"
    Config = ExposureConfig
    State = ExposureState

    def draw(self, config: ExposureConfig, draws: Draws, scene: SceneDraft) -> ExposureState:
        """Return the stops of one shot."""
        del scene
        return ExposureState(stops=draws.number("stops", config.stops))

    def apply(self, state: ExposureState, picture: Picture) -> Picture:
        """Return the picture with what is rendered times two to the stops."""
        gain = np.array([2.0**state.stops] * 3 + [1], np.float32)
        return replace(picture, color=picture.color * gain)
