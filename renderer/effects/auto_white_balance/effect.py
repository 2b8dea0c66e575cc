"""Which light a camera takes for white by itself, and how far it errs."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from renderer.colour.adaptation import adaptation
from renderer.colour.luma import LUMA
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

# Equal steps of mired (a million by kelvin) look equally large; this is daylight, D65.
_DAYLIGHT_K = 6504.0
# Cameras neutralise light, not things: a red wall stays red.
_MOST_GAIN = 2.0


class AutoWhiteBalanceConfig(Strict):
    """How much of a cast is taken away, and what is added beside."""

    share: Annotated[Number, within(0, 1)] = Field(
        0.5,
        description="Share of the picture's mean cast that the camera takes away: 1 makes its mean "
        "grey.",
    )
    error_mired: Annotated[Number, within(-110, 300)] = Field(
        0.0,
        description="Its error beside that in mired (a million by kelvin): above 0 the picture "
        "gets cooler, below warmer; 20 is seen, 60 is strong.",
    )
    tint: Annotated[Number, within(-0.5, 0.5)] = Field(
        0.0, description="Share by which green is too strong; below 0 the picture gets magenta."
    )


class AutoWhiteBalanceState(EffectState):
    """A ``share`` of the mean cast is gone; ``error_mired`` and ``tint`` are errors beside."""

    effect: Literal["auto_white_balance"] = "auto_white_balance"
    share: float
    error_mired: float
    tint: float


class AutoWhiteBalance(Effect[AutoWhiteBalanceConfig, AutoWhiteBalanceState]):
    """The camera takes the mean of the picture, backdrop and all, for grey, as far as it trusts
    itself, and errs.
    """

    name = "auto_white_balance"
    stage = "sensor"
    Config = AutoWhiteBalanceConfig
    State = AutoWhiteBalanceState

    def draw(
        self, config: AutoWhiteBalanceConfig, draws: Draws, scene: SceneDraft
    ) -> AutoWhiteBalanceState:
        """Return share and errors of one shot."""
        del scene
        return AutoWhiteBalanceState(
            share=draws.number("share", config.share),
            error_mired=draws.number("error_mired", config.error_mired),
            tint=draws.number("tint", config.tint),
        )

    def apply(self, state: AutoWhiteBalanceState, picture: Picture) -> Picture:
        """Return the picture as the camera balances it; its luma stays about what it is."""
        mean = np.clip(picture.seen, 0, 1).mean(axis=(0, 1), dtype=np.float64)
        taken = np.full(3, mean @ LUMA) / np.maximum(mean, 1e-6)
        gains = np.clip(taken, 1 / _MOST_GAIN, _MOST_GAIN) ** state.share
        tinted = np.array([1, 1 + state.tint, 1]) / (1 + LUMA[1] * state.tint)
        return picture.transformed(_error(state.error_mired) @ np.diag(gains * tinted))


def _error(mired: float) -> npt.NDArray[np.float64]:
    """Return the matrix (3, 3) of a camera that takes daylight to be warmer by so many mired."""
    if mired == 0:
        return np.eye(3)
    taken_for = 1e6 / (1e6 / _DAYLIGHT_K + mired)
    return adaptation(taken_for) @ np.linalg.inv(adaptation(_DAYLIGHT_K))
