"""Which light the picture is developed for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from renderer.colour.adaptation import neutral_under
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within


class WhiteBalanceConfig(Strict):
    """For which light."""

    temperature_k: Annotated[Number, within(1667, 25000)] = Field(
        description="The light's temperature that is to look neutral, in kelvin."
    )


class WhiteBalanceState(EffectState):
    """Light of ``temperature_k`` (kelvin) looks neutral."""

    effect: Literal["white_balance"] = "white_balance"
    temperature_k: float


class WhiteBalance(Effect[WhiteBalanceConfig, WhiteBalanceState]):
    """The camera takes light of a temperature for white, and other light is as much warmer or
    cooler. A backdrop stays as it is.
    """

    name = "white_balance"
    stage = "display"
    Config = WhiteBalanceConfig
    State = WhiteBalanceState

    def draw(
        self, config: WhiteBalanceConfig, draws: Draws, scene: SceneDraft
    ) -> WhiteBalanceState:
        """Return the temperature of one shot."""
        del scene
        return WhiteBalanceState(temperature_k=draws.number("temperature_k", config.temperature_k))

    def before_view(self, state: WhiteBalanceState, linear: Floats) -> Floats:
        """Return the light (h, w, 3) adapted to the temperature."""
        return neutral_under(linear, state.temperature_k)
