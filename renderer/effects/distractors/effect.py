"""Simple shapes of any colour among the objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.asset import AssetSource
from renderer.colour.srgb import srgb_to_linear
from renderer.effects.distractors.floor_space import FloorSpace
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, SceneDraft
from renderer.geometry.rotation import any_rotation, rest_on_side
from renderer.shot.scene import Frozen, Vector
from renderer.shot.shot import EffectState
from renderer.values.colour import Colour
from renderer.values.distribution import Integers, Strict, Uniform
from renderer.values.number import Number, within

Array = npt.NDArray[np.float64]

# Each a metre along its longest side.
_SHAPES = ("cube", "ball", "cylinder", "cone", "torus")
# Where one would be cut by a camera's image plane, it is put elsewhere; after so many places it is
# left out.
_TRIES = 8
# Left free about each, as a share of its radius, so that no two touch.
_GAP = 0.02


class DistractorsConfig(Strict):
    """How many, how large, how near, of which colours."""

    count: Annotated[Number, within(0, 200, whole=True)] = Integers(integers=(3, 8))
    size: Annotated[Number, within(1e-3, 100)] | None = Field(
        None, description="Length of the longest side, as a share of the subject's radius."
    )
    size_m: Annotated[Number, within(1e-9, 1e9)] | None = Field(
        None, description="Length of the longest side in metres, instead of size."
    )
    distance: Annotated[Number, within(0, 1000)] = Field(
        Uniform(uniform=(0.0, 2.5)),
        description="From the subject's middle, in radii of the subject; where there is no room, "
        "as much farther out as it takes.",
    )
    color: Colour = "random"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.size is not None and self.size_m is not None:
            raise PydanticCustomError("exclusive", "distractors have size or size_m, not both")
        return self

    @property
    def size_or_default(self) -> Number:
        """The share of the subject's radius to use where no metres are given."""
        return self.size if self.size is not None else Uniform(uniform=(0.2, 0.7))


class Painted(Frozen):
    """An instance and its colour (linear Rec.709)."""

    instance: int
    color: Vector


class DistractorsState(EffectState):
    """The colours of what has been added to the shot's objects."""

    effect: Literal["distractors"] = "distractors"
    painted: tuple[Painted, ...]


class Distractors(Effect[DistractorsConfig, DistractorsState]):
    """Cubes, balls, cylinders, cones and rings without a label lie on the floor around the objects
    and among them: they hide, mirror and cast shadows.
    """

    name = "distractors"
    stage = "scene"
    Config = DistractorsConfig
    State = DistractorsState

    def models(self, config: DistractorsConfig, folder: Path) -> Mapping[str, AssetSource]:
        """Return the shapes, which come with this package."""
        del config, folder
        models = Path(__file__).parent / "models"
        return {name: AssetSource(models / f"{name}.ply", "m", "z") for name in _SHAPES}

    def draw(self, config: DistractorsConfig, draws: Draws, scene: SceneDraft) -> DistractorsState:
        """Place them one after the other, each free of all that is there.

        Their number, shapes, sizes and colours are an image's; each pose tried places them anew.
        """
        space = FloorSpace()
        for entry in scene.objects:
            space.add(scene.hull(entry.instance))
        painted = []
        for number in range(round(draws.once.number("count", config.count))):
            own = draws.at(str(number))
            shape = _SHAPES[int(own.once.unit("shape") * len(_SHAPES))]
            size = _size_m(config, own.once, scene)
            found = _find_place(config, own, scene, space, shape, size)
            if found is None:
                continue
            to_world, hull = found
            space.add(hull)
            color = srgb_to_linear(own.once.colour("color", config.color))
            added = scene.add(shape, to_world)
            painted.append(Painted(instance=added.instance, color=color))
        return DistractorsState(painted=tuple(painted))

    def apply_scene(self, state: DistractorsState, scene: RenderScene) -> Callable[[], None] | None:
        """Paint them."""
        from renderer.effects.distractors.blender import paint

        for each in state.painted:
            for material in scene.materials(each.instance):
                paint(material, each.color)
        return None


def _size_m(config: DistractorsConfig, draws: Draws, scene: SceneDraft) -> float:
    if config.size_m is not None:
        return draws.number("size_m", config.size_m)
    return draws.number("size", config.size_or_default) * scene.radius_m


def _find_place(
    config: DistractorsConfig,
    draws: Draws,
    scene: SceneDraft,
    space: FloorSpace,
    shape: str,
    size_m: float,
) -> tuple[Array, Array] | None:
    """Return the pose (4, 4) of one and its hull (n, 3) in the world, or None for no place."""
    geometry = scene.geometry(shape)
    distance = draws.number("distance", config.distance) * scene.radius_m
    for attempt in range(_TRIES):
        own = draws.at(f"place.{attempt}")
        turn = rest_on_side(any_rotation(own.stream, own.path), geometry)
        hull = size_m * geometry.hull.astype(np.float64) @ turn.T
        angle = 2 * math.pi * own.unit("direction")
        direction = np.array([math.cos(angle), math.sin(angle)])
        offset = np.array([*np.array(scene.center[:2]) + distance * direction, -hull[:, 2].min()])
        offset[:2] += direction * space.first_room(hull + offset, direction, _GAP)
        if scene.clear_of_cameras(hull + offset):
            to_world = np.eye(4)
            to_world[:3, :3], to_world[:3, 3] = size_m * turn, offset
            return to_world, hull + offset
    return None
