"""Things of other kinds among the objects and around them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from renderer.asset import AssetSource
from renderer.effects.distractors import stock
from renderer.effects.distractors.config import DistractorsConfig
from renderer.effects.distractors.covering import FloorCover
from renderer.effects.distractors.pieces import Painted, Piece, Pieces, Turned
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, SceneDraft
from renderer.geometry.floor_space import FloorSpace
from renderer.shot.shot import EffectState

Array = npt.NDArray[np.float64]

# Where one would be cut by a camera's image plane, it is put elsewhere; after so many places it is
# left out.
_TRIES = 8
# Left free about each, as a share of its radius, so that no two touch.
_GAP = 0.02
# So many things, and places for them, cover the floor at the most.
_MOST_COVER = 400


class DistractorsState(EffectState):
    """The colours of what has been added to the shot's objects."""

    effect: Literal["distractors"] = "distractors"
    painted: tuple[Painted, ...]
    turned: Annotated[tuple[Turned, ...], Field(exclude_if=lambda turned: not turned)] = ()


class Distractors(Effect[DistractorsConfig, DistractorsState]):
    """Cubes, balls, cylinders, cones and rings, other models, and look-alikes of the objects lie on
    the floor around the objects and among them: they hide, mirror and cast shadows. They have no
    label, or one of their own.
    """

    name = "distractors"
    stage = "scene"
    Config = DistractorsConfig
    State = DistractorsState

    def models(self, config: DistractorsConfig, folder: Path) -> Mapping[str, AssetSource]:
        """Return the shapes, and the recipe's own models."""
        own = {} if config.models is None else stock.of_user(config.models, folder)
        return {**(stock.shapes() if config.shapes else {}), **own}

    def models_like(
        self, config: DistractorsConfig, objects: Mapping[str, AssetSource]
    ) -> Mapping[str, AssetSource]:
        """Return the look-alikes."""
        return stock.lookalikes(objects) if config.lookalikes else {}

    def categories(self, config: DistractorsConfig) -> tuple[str, ...]:
        """Return the category that they are labelled as."""
        return () if config.label is None else (config.label,)

    def draw(self, config: DistractorsConfig, draws: Draws, scene: SceneDraft) -> DistractorsState:
        """Place them one after the other, each free of all that is there.

        Their number, models, sizes and colours are an image's; each pose tried places them anew.
        """
        names = {
            "shape": list(stock.SHAPES),
            **{
                kind: [name for name in scene.models if name.startswith(f"{kind}.")]
                for kind in ("model", "lookalike")
            },
        }
        adding = _Adding(config, scene, Pieces(config, scene, names))
        for number in range(round(draws.once.number("count", config.count))):
            adding.around(draws.at(str(number)))
        if config.cover is not None:
            adding.cover(draws.once.number("cover", config.cover), draws.at("cover"))
        return DistractorsState(painted=tuple(adding.painted), turned=tuple(adding.turned))

    def apply_scene(self, state: DistractorsState, scene: RenderScene) -> Callable[[], None] | None:
        """Paint them."""
        from renderer.effects.distractors.blender import paint, turn_colours

        for each in state.painted:
            for material in scene.materials(each.instance):
                paint(material, each.color)
        for other in state.turned:
            for material in scene.materials(other.instance):
                turn_colours(material, other)
        return None


class _Adding:
    """Adds one after the other to a scene."""

    def __init__(self, config: DistractorsConfig, scene: SceneDraft, pieces: Pieces) -> None:
        self._config, self._scene, self._pieces = config, scene, pieces
        self.painted: list[Painted] = []
        self.turned: list[Turned] = []
        self._space = FloorSpace()
        for entry in scene.objects:
            self._space.add(scene.hull(entry.instance))

    def around(self, draws: Draws) -> None:
        """Add one at its distance from the subject, where there is room for it."""
        piece, scene = self._pieces.drawn(draws.once), self._scene
        distance = draws.number("distance", self._config.distance) * scene.radius_m
        for attempt in range(_TRIES):
            own = draws.at(f"place.{attempt}")
            turn = piece.turn(own)
            angle = 2 * math.pi * own.unit("direction")
            direction = np.array([math.cos(angle), math.sin(angle)])
            start = np.array(scene.center[:2]) + distance * direction
            offset = self._slid(piece.hull(turn), start, direction)
            if scene.clear_of_cameras(piece.hull(turn) + offset):
                self._add(piece, turn, offset, draws)
                return

    def cover(self, wanted: float, draws: Draws) -> None:
        """Add some where the floor is seen until a share of it is hidden. Each slides away from the
        camera to where it has room.
        """
        camera = self._scene.views[0].camera
        cover = FloorCover(self._scene, camera)
        for number in range(_MOST_COVER):
            if cover.share >= wanted:
                return
            own = draws.at(str(number))
            piece = self._pieces.drawn(own.once, like_objects=True)
            turn, point = piece.turn(own), cover.free_point(own)
            away = point - camera.position[:2]
            length = float(np.linalg.norm(away))
            direction = away / length if length > 0 else np.array([0.0, 1.0])
            hull = piece.hull(turn)
            offset = self._slid(hull, point - (hull.min(0) + hull.max(0))[:2] / 2, direction)
            placed = hull + offset
            if self._scene.clear_of_cameras(placed) and not cover.hides_objects(placed):
                self._add(piece, turn, offset, own)
                cover.add(placed)

    def _slid(self, hull: Array, start: Array, direction: Array) -> Array:
        """Return what to add (3,) to a hull (n, 3) to have it on the floor, slid from a point to
        where it has room.
        """
        offset = np.array([*start, -hull[:, 2].min()])
        offset[:2] += direction * self._space.first_room(hull + offset, direction, _GAP)
        return offset

    def _add(self, piece: Piece, turn: Array, offset: Array, draws: Draws) -> None:
        self._space.add(piece.hull(turn) + offset)
        added = self._scene.add(
            piece.model, piece.to_world(turn, offset), self._config.label, bound=False
        )
        colours = self._pieces.colours(piece, added.instance, draws.once)
        if isinstance(colours, Painted):
            self.painted.append(colours)
        elif colours is not None:
            self.turned.append(colours)
