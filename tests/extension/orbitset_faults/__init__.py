"""An effect on three sides, a label kind and a format, in one module, that fail in the shot that a
recipe's number says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from renderer.effects import Effect, EffectState, Strict
from renderer.export.format import Format
from renderer.truth.kind import Fields, LabelFile, LabelKind, Labels
from renderer.truth.kinds.box import BoxFields
from renderer.values.number import Number


class Turn(Strict):
    turn: Number


class State(EffectState):
    turn: float


class _Faulty(Effect):
    Config, State = Turn, State

    def draw(self, config, draws, scene):
        turn = draws.number("turn", config.turn)
        if turn == 0:
            raise ZeroDivisionError("no such lens")
        return State(effect=self.name, turn=turn)


class InScene(_Faulty):
    """Fails in Blender."""

    name, stage = "in_scene", "render"

    def apply_scene(self, state, scene):
        if state.turn == 1:
            scene.scene.cycles.film_exposure = 9
            raise RuntimeError("no such lamp")
        if state.turn == 2:
            scene.scene.cycles.film_exposure = 9
            return lambda: [][1]
        return None


class InLight(_Faulty):
    """Fails on the sensor."""

    name, stage = "in_light", "sensor"

    def apply(self, state, picture):
        color = {
            3: lambda: picture.color[:10],
            4: lambda: picture.color * np.float32("nan"),
            5: lambda: picture.color[..., :3],
            6: lambda: exit(3),
        }.get(state.turn, lambda: picture.color)()
        return replace(picture, color=color)


class OnDisplay(_Faulty):
    """Fails on the display."""

    name, stage = "on_display", "display"

    def after_view(self, state, display):
        return (display * 255).astype(np.uint8) if state.turn == 7 else display


class Weight(Fields):
    weight: float


class Boxes(LabelKind):
    """Has a field that another kind has."""

    name, ObjectFields = "boxes", BoxFields

    def make(self, truth, config):
        raise AssertionError


class Weights(LabelKind):
    """Fails with labels."""

    name, files, ObjectFields = "weights", ("weights",), Weight

    def make(self, truth, config):
        number = truth.shot.index
        weights = {each.instance: Weight(weight=1) for each in truth.labelled}
        if number == 8:
            next(iter(weights.values())).model_copy(update={"weight": {}[9]})
        if number == 9:
            weights = {}
        if number == 10:
            weights = {each: Weight(weight=float("nan")) for each in weights}
        files = {"picture" if number == 11 else "weights": LabelFile("txt", b"1")}
        return Labels(weights, files=files)

    def check(self, stored, truth, config):
        raise LookupError("no scales")

    def draw(self, canvas, stored):
        raise ArithmeticError("no ink")


class Broken(Format):
    """Fails in the middle."""

    name = "broken"

    def write(self, samples, head, target, options):
        for _ in samples:
            raise LookupError("no paper")
