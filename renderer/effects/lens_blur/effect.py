"""How soft the lens draws what is in focus."""

from __future__ import annotations

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


class LensBlurConfig(Strict):
    """By how much."""

    sigma_px: Annotated[Number, within(0, 50)] = Field(
        0.7, description="Standard deviation of the blur, a bell, in pixels."
    )


class LensBlurState(EffectState):
    """A bell of the standard deviation ``sigma_px`` in pixels."""

    effect: Literal["lens_blur"] = "lens_blur"
    sigma_px: float


class LensBlur(Effect[LensBlurConfig, LensBlurState]):
    """What a lens blurs in all of the picture: its faults, diffraction, a filter before the sensor.
    A backdrop is blurred with what stands before it.
    """

    name = "lens_blur"
    stage = "linear"
    Config = LensBlurConfig
    State = LensBlurState

    def draw(self, config: LensBlurConfig, draws: Draws, scene: SceneDraft) -> LensBlurState:
        """Return the blur of one shot."""
        del scene
        return LensBlurState(sigma_px=draws.number("sigma_px", config.sigma_px))

    def apply(self, state: LensBlurState, picture: Picture) -> Picture:
        """Return the blurred picture."""
        import cv2  # recipes are read without

        sigma = state.sigma_px
        # Below this the bell's neighbours weigh nothing, and OpenCV takes 0 for "choose one".
        if sigma < 0.1:
            return picture
        side = 2 * int(np.ceil(4 * sigma)) + 1

        def blurred(planes: Floats) -> Floats:

            made = cv2.GaussianBlur(planes, (side, side), sigma, borderType=cv2.BORDER_REFLECT_101)
            return np.asarray(made, np.float32).reshape(planes.shape)

        return picture.spread(blurred)
