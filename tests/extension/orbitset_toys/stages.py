"""An effect of each of the other four stages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from renderer.asset import AssetSource
from renderer.effects import Effect, EffectState, Strict
from renderer.values.files import ModelFile
from renderer.values.number import Number


class PillarConfig(Strict):
    model: ModelFile


class Amount(Strict):
    amount: Number = 1.0


class State(EffectState):
    amount: float


class Pillar(Effect):
    """A model without a label stands behind the subject."""

    name, stage, Config, State = "pillar", "scene", PillarConfig, State

    def models(self, config, folder):
        return {"pillar": AssetSource(folder / config.model)}

    def draw(self, config, draws, scene):
        to_world = np.eye(4)
        to_world[1, 3] = scene.center[1] + 3
        return State(effect="pillar", amount=scene.add("pillar", to_world).instance)


class _OfAmount(Effect):
    Config, State = Amount, State

    def draw(self, config, draws, scene):
        return State(effect=self.name, amount=draws.number("amount", config.amount))


class Raised(_OfAmount):
    """The lamps are brighter."""

    name, stage = "raised", "render"

    def apply_scene(self, state, scene):
        import bpy

        before = {lamp.name: lamp.energy for lamp in bpy.data.lights}
        for lamp in bpy.data.lights:
            lamp.energy *= state.amount
        return lambda: [
            setattr(bpy.data.lights[name], "energy", each) for name, each in before.items()
        ]


class Haze(_OfAmount):
    """Light is added."""

    name, stage = "haze", "linear"

    def apply(self, state, picture):
        added = np.array([state.amount] * 3 + [0], np.float32) * picture.color[..., 3:]
        return replace(picture, color=picture.color + added)


class Posterised(_OfAmount):
    """The picture has few levels."""

    name, stage = "posterised", "display"

    def after_view(self, state, display):
        return np.round(display * state.amount) / np.float32(state.amount)
