"""Depth of field: what is nearer or farther than where the lens is focused is blurred to discs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, RenderView, SceneDraft
from renderer.shot.camera import Camera
from renderer.shot.scene import Vector
from renderer.shot.shot import EffectState
from renderer.values.distribution import LogUniform, Strict, Uniform
from renderer.values.number import Number, within

# A lens focuses no nearer than at this share of the distance to the subject's middle.
_NEAREST = 0.05


class DepthOfFieldConfig(Strict):
    """How open the lens is, and where it is sharp."""

    f_number: Annotated[Number, within(0.5, 128)] = Field(
        LogUniform(loguniform=(4, 16)),
        description="Focal length over aperture, of a sensor as wide as camera.sensor_width_mm "
        "(36 where there are intrinsics). Half of it doubles the blur.",
    )
    focus: Annotated[Number, within(-1e6, 1e6)] = Field(
        Uniform(uniform=(-1, 0.5)),
        description="Where it is sharp, in radii of the subject behind its middle: -1 is its "
        "front, 1 its back, more is out of focus.",
    )


class DepthOfFieldState(EffectState):
    """The lens of one shot: it is sharp ``focus_m`` behind a point, along the view axis."""

    effect: Literal["depth_of_field"] = "depth_of_field"
    f_number: float
    sensor_width_mm: float
    point: Vector
    focus_m: float

    def aperture_m(self, camera: Camera) -> float:
        """Return the aperture's diameter in metres."""
        focal_mm = camera.intrinsics[0, 0] / camera.resolution[0] * self.sensor_width_mm
        return float(focal_mm / 1000 / self.f_number)

    def distance_m(self, camera: Camera) -> float:
        """Return the depth along the view axis at which a camera is sharp, in metres."""
        middle = float(camera.pose[2] @ np.array([*self.point, 1.0]))
        return max(middle + self.focus_m, _NEAREST * abs(middle))


class DepthOfField(Effect[DepthOfFieldConfig, DepthOfFieldState]):
    """What is not where the lens is focused is blurred, as through a thin lens. Labels are those of
    the sharp picture.
    """

    name = "depth_of_field"
    stage = "render"
    needs = ("lens",)
    Config = DepthOfFieldConfig
    State = DepthOfFieldState

    def draw(
        self, config: DepthOfFieldConfig, draws: Draws, scene: SceneDraft
    ) -> DepthOfFieldState:
        """Return the lens of one shot."""
        return DepthOfFieldState(
            f_number=draws.number("f_number", config.f_number),
            sensor_width_mm=scene.sensor_width_mm,
            point=scene.center,
            focus_m=draws.number("focus", config.focus) * scene.radius_m,
        )

    def apply_camera(
        self, state: DepthOfFieldState, scene: RenderScene, view: RenderView
    ) -> Callable[[], None] | None:
        """Open the lens."""
        from renderer.effects.depth_of_field.blender import open_lens

        aperture, distance = state.aperture_m(view.camera), state.distance_m(view.camera)
        return open_lens(scene.scene.camera.data, aperture * view.scale, distance * view.scale)
