"""Effects of another package, one of each stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from renderer.asset import AssetSource
from renderer.effects import Effect, EffectState, Strict
from renderer.values.files import ModelFile
from renderer.values.number import Number


class Amount(Strict):
    amount: Number = 1.0


class State(EffectState):
    amount: float


class Toy(Effect):
    """Does next to nothing."""

    Config = Amount
    State = State

    def draw(self, config, draws, scene):
        return State(effect=self.name, amount=draws.number("amount", config.amount))


class PillarConfig(Strict):
    model: ModelFile


class PillarState(EffectState):
    effect: Literal["toy_pillar"] = "toy_pillar"
    instance: int


class Pillar(Effect):
    """Places a model without a label 3 m behind the subject's middle."""

    name, stage, Config, State = "toy_pillar", "scene", PillarConfig, PillarState

    def models(self, config, folder):
        return {"pillar": AssetSource(folder / config.model)}

    def draw(self, config, draws, scene):
        to_world = np.eye(4)
        to_world[:2, 3] = np.array(scene.center[:2]) + (0, 3)
        return PillarState(instance=scene.add("pillar", to_world).instance)


class Hide(Toy):
    """Hides each object from the camera, in Blender alone."""

    name, stage = "toy_hide", "render"

    def apply_scene(self, state, scene):
        hidden = scene.objects(1)
        for item in hidden:
            item.visible_camera = False
        return lambda: [setattr(item, "visible_camera", True) for item in hidden]


class Add(Toy):
    """Adds light."""

    name, stage = "toy_add", "linear"

    def apply(self, state, picture):
        color = picture.color.copy()
        color[..., :3] += state.amount
        return replace(picture, color=color)


class Multiply(Toy):
    """Multiplies light, and writes its seed into a pixel."""

    name, stage = "toy_multiply", "sensor"

    def apply(self, state, picture):
        color = picture.color.copy()
        color[..., :3] *= state.amount
        color[0, 0, :3] = picture.seed % 256 / 255
        return replace(picture, color=color)


class Invert(Toy):
    """Shows light halved, and the picture inverted."""

    name, stage = "toy_invert", "display"

    def before_view(self, state, linear):
        return linear / 2

    def after_view(self, state, display):
        return 1 - display
