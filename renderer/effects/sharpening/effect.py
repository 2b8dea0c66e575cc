"""Sharpening as cameras do it: an unsharp mask on luma."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.colour.luma import LUMA
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within


class SharpeningConfig(Strict):
    """How much, and how wide."""

    amount: Annotated[Number, within(0, 10)] = Field(
        0.6, description="How many times the difference to a blurred picture is added."
    )
    sigma_px: Annotated[Number, within(0.3, 20)] = Field(
        1.0, description="Standard deviation of that blur in pixels: how wide the halos are."
    )


class SharpeningState(EffectState):
    """``amount`` times the difference to a blur of ``sigma_px`` pixels is added."""

    effect: Literal["sharpening"] = "sharpening"
    amount: float
    sigma_px: float


class Sharpening(Effect[SharpeningConfig, SharpeningState]):
    """Edges of what is shown get more contrast, and halos; so does noise."""

    name = "sharpening"
    stage = "display"
    Config = SharpeningConfig
    State = SharpeningState

    def draw(self, config: SharpeningConfig, draws: Draws, scene: SceneDraft) -> SharpeningState:
        """Return the sharpening of one shot."""
        del scene
        return SharpeningState(
            amount=draws.number("amount", config.amount),
            sigma_px=draws.number("sigma_px", config.sigma_px),
        )

    def after_view(self, state: SharpeningState, display: Floats) -> Floats:
        """Return the sharpened picture (h, w, 3), in 0..1."""
        import cv2  # recipes are read without

        shown = np.clip(display, 0, 1)
        luma = np.asarray(cv2.transform(shown, LUMA[None]), np.float32)
        side = 2 * int(np.ceil(3 * state.sigma_px)) + 1
        soft = cv2.GaussianBlur(luma, (side, side), state.sigma_px)
        added = np.float32(state.amount) * (luma - soft)
        return np.asarray(np.clip(shown + added[..., None], 0, 1), np.float32)
