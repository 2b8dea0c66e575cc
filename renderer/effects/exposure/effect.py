"""How bright the picture is developed."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats
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
    """Brighter or darker, in linear light before the view transform. A backdrop stays as it is."""

    name = "exposure"
    stage = "display"
    Config = ExposureConfig
    State = ExposureState

    def draw(self, config: ExposureConfig, draws: Draws, scene: SceneDraft) -> ExposureState:
        """Return the stops of one shot."""
        del scene
        return ExposureState(stops=draws.number("stops", config.stops))

    def before_view(self, state: ExposureState, linear: Floats) -> Floats:
        """Return the light (h, w, 3) times two to the stops."""
        return linear * np.float32(2.0**state.stops)
