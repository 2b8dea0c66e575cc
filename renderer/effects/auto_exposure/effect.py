"""How bright a camera takes the picture by itself, and how far it errs."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.colour.luma import LUMA
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

# A camera brightens or darkens by no more: a black picture stays dark.
_MOST_STOPS = 3.0
# Light beyond is taken for this: a lamp in the picture does not darken all the rest.
_BRIGHTEST = 4.0


class AutoExposureConfig(Strict):
    """To what, how far, and by how much beside."""

    target: Annotated[Number, within(0.001, 1)] = Field(
        0.18, description="Mean linear light that the camera is after; 0.18 is middle grey."
    )
    share: Annotated[Number, within(0, 1)] = Field(
        1.0,
        description="How much of the way (in stops) it goes there: 1 all, 0 leaves the light as it "
        "is; never more than 3 stops.",
    )
    error_stops: Annotated[Number, within(-10, 10)] = Field(
        0.0, description="Its error beside that; each stop doubles the light."
    )


class AutoExposureState(EffectState):
    """A ``share`` of the stops to a mean light of ``target``, and ``error_stops`` beside."""

    effect: Literal["auto_exposure"] = "auto_exposure"
    target: float
    share: float
    error_stops: float


class AutoExposure(Effect[AutoExposureConfig, AutoExposureState]):
    """The camera meters the light of the picture, backdrop and all, and makes its mean a middle
    grey: a white table gets darker, a black one brighter.
    """

    name = "auto_exposure"
    stage = "linear"
    Config = AutoExposureConfig
    State = AutoExposureState

    def draw(
        self, config: AutoExposureConfig, draws: Draws, scene: SceneDraft
    ) -> AutoExposureState:
        """Return what the camera of one shot is after, and its error."""
        del scene
        return AutoExposureState(
            target=draws.number("target", config.target),
            share=draws.number("share", config.share),
            error_stops=draws.number("error_stops", config.error_stops),
        )

    def apply(self, state: AutoExposureState, picture: Picture) -> Picture:
        """Return the picture as bright as the camera makes it."""
        light = np.clip(picture.seen, 0, _BRIGHTEST).mean(axis=(0, 1), dtype=np.float64) @ LUMA
        wanted = np.log2(state.target / max(light, 1e-9))
        stops = np.clip(state.share * wanted, -_MOST_STOPS, _MOST_STOPS) + state.error_stops
        return picture.times(float(2.0**stops))
