"""Noise of light and of electronics, as a raw image has it.

The noise of a pixel is normal with a variance linear in the signal (Foi et al. 2008, "Practical
Poissonian-Gaussian noise modeling and fitting for single-image raw-data", eq. 3): the Poisson noise
of counted light is, but for a handful of photons, as good as normal.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.colour.view_transform import tone_of
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.normal_noise import normal_noise
from renderer.effects.picture import Floats, Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within


class SensorNoiseConfig(Strict):
    """How much; both are of linear light in which a white surface in full light is 1."""

    shot: Annotated[Number, within(0, 10)] = Field(
        0.02,
        description="Standard deviation of the light's own noise where the signal is 1; it goes "
        "with the signal's square root.",
    )
    read: Annotated[Number, within(0, 10)] = Field(
        0.003, description="Standard deviation of the electronics' noise, the same everywhere."
    )
    iso: Annotated[Number, within(1, 1e6)] = Field(
        100.0, description="``shot`` and ``read`` are those at 100; four times the ISO double both."
    )


class SensorNoiseState(EffectState):
    """Standard deviations: ``shot`` where the linear signal is 1, ``read`` everywhere."""

    effect: Literal["sensor_noise"] = "sensor_noise"
    shot: float
    read: float


class SensorNoise(Effect[SensorNoiseConfig, SensorNoiseState]):
    """Shot and read noise, in every channel by itself. It lies on a backdrop, too, as if the sensor
    had seen both.
    """

    name = "sensor_noise"
    stage = "sensor"
    Config = SensorNoiseConfig
    State = SensorNoiseState

    def draw(self, config: SensorNoiseConfig, draws: Draws, scene: SceneDraft) -> SensorNoiseState:
        """Return the noise of one shot."""
        del scene
        times = math.sqrt(draws.number("iso", config.iso) / 100)
        return SensorNoiseState(
            shot=times * draws.number("shot", config.shot),
            read=times * draws.number("read", config.read),
        )

    def apply(self, state: SensorNoiseState, picture: Picture) -> Picture:
        """Return the picture with noise: the same random numbers for what is rendered and for the
        backdrop, so that a pixel that shows some of both is as noisy as its neighbours; and as much
        as what is rendered has where it is shown as bright.
        """
        normal = normal_noise(picture.seed, (*picture.color.shape[:2], 3))
        color = picture.color.copy()
        color[..., :3] += picture.cover * normal * _deviation(state, picture.straight)
        if picture.backdrop is None:
            return replace(picture, color=color)
        behind = picture.backdrop + normal * _behind(
            state, picture.backdrop, picture.view_transform
        )
        return replace(picture, color=color, backdrop=behind)


def _behind(state: SensorNoiseState, light: Floats, view_transform: str) -> Floats:
    """Return the noise's standard deviation at a backdrop's light (h, w, 3): that of scene light
    that the view shows as bright, times how steeply it shows it. A view that flattens highlights
    flattens their noise, and a backdrop's would stand out.
    """
    if view_transform == "Standard" or (tone := tone_of(view_transform)) is None:
        return _deviation(state, light)
    scene, shown = tone
    noise = _deviation(state, scene) * np.gradient(shown, scene)
    # A table by the root of light, where darks have room.
    steps = np.linspace(0, 1, 4096)
    table = np.interp(steps**2, shown, noise).astype(np.float32)
    places = np.sqrt(np.clip(light, 0, 1)) * np.float32(len(steps) - 1)
    return np.asarray(table[places.astype(np.uint16)], np.float32)


def _deviation(state: SensorNoiseState, signal: Floats) -> Floats:
    """Return the noise's standard deviation at a linear signal."""
    variance = np.float32(state.shot**2) * np.maximum(signal, 0) + np.float32(state.read**2)
    return np.asarray(np.sqrt(variance), np.float32)
