"""Motion blur of a hand that shakes: the camera turns a little while the shutter is open."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, RenderView, SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import LogUniform, Strict, Uniform
from renderer.values.number import Number, within


class MotionBlurConfig(Strict):
    """How far the picture moves while the shutter is open."""

    length_px: Annotated[Number, within(0, 1000)] = Field(
        LogUniform(loguniform=(0.5, 4)),
        description="How far, in pixels at the middle of the picture: the length of the streak "
        "that a point becomes.",
    )
    direction_deg: Number = Field(
        Uniform(uniform=(0, 180)), description="Whereto: 0 along the rows, 90 along the columns."
    )
    roll_deg: Annotated[Number, within(-45, 45)] = Field(
        0.0, description="By how much it turns about the view axis besides."
    )


class MotionBlurState(EffectState):
    """How the picture moves while the shutter is open, the middle of which is the labels' time."""

    effect: Literal["motion_blur"] = "motion_blur"
    length_px: float
    direction_deg: float
    roll_deg: float


class MotionBlur(Effect[MotionBlurConfig, MotionBlurState]):
    """The camera turns while the shutter is open. Labels are those of the middle of that time."""

    name = "motion_blur"
    stage = "render"
    needs = ("shutter",)
    Config = MotionBlurConfig
    State = MotionBlurState

    def draw(self, config: MotionBlurConfig, draws: Draws, scene: SceneDraft) -> MotionBlurState:
        """Return the motion of one shot."""
        del scene
        return MotionBlurState(
            length_px=draws.number("length_px", config.length_px),
            direction_deg=draws.number("direction_deg", config.direction_deg),
            roll_deg=draws.number("roll_deg", config.roll_deg),
        )

    def apply_camera(
        self, state: MotionBlurState, scene: RenderScene, view: RenderView
    ) -> Callable[[], None] | None:
        """Have the camera turn."""
        from renderer.effects.motion_blur.blender import turn_camera

        if state.length_px == 0 and state.roll_deg == 0:
            return None
        along = math.radians(state.direction_deg)
        fx, fy = (float(each) for each in view.camera.intrinsics.diagonal()[:2])
        # The picture moves to the right where the camera turns to the left.
        right = state.length_px * math.cos(along) / fx
        down = state.length_px * math.sin(along) / fy
        turn = (down, -right, math.radians(state.roll_deg))
        return turn_camera(scene.scene, turn)
