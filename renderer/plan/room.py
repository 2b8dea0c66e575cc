"""Walls, floor and table around the objects of a shot: instances without a category, which rays
meet as they meet every other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetSource
from renderer.plan.placed import Candidate, Placed
from renderer.plan.scene_draft import Subject
from renderer.recipe.background import Background
from renderer.recipe.model import Recipe
from renderer.recipe.room import Room
from renderer.shot.camera import View
from renderer.shot.ground import BELOW
from renderer.shot.scene import Instance, RoomPart, to_matrix4
from renderer.values.distribution import Choice
from renderer.values.draw import draw_number
from renderer.values.finish import FinishConfig, draw_finish
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
Part = Literal["floor", "wall", "table"]

_FOLDER = Path(__file__).parent / "models"
# Tables with a top of length 1 at z = 0: width, and how far below the top their legs end.
_TABLES = {"table": (0.6, 0.48), "table_square": (1.0, 0.72), "table_round": (1.0, 0.66)}
_PLATE = "plate"
# Left free between the farthest camera or thing and a wall, as a share of its distance.
_ROOM = 0.1
# Left free between the things on a table and its edge, in the same.
_EDGE = 0.04


def room_models() -> dict[str, AssetSource]:
    """Return the models that rooms are made of: path as in a Shot → source."""
    names = (_PLATE, *_TABLES)
    return {_path(name): AssetSource(_FOLDER / f"{name}.ply", "m", "z") for name in names}


def has_room(recipe: Recipe) -> bool:
    """Tell whether some image of a recipe may have a room."""
    said = recipe.background
    backgrounds: Sequence[Background] = said.choice if isinstance(said, Choice) else (said,)
    return any(each.room is not None for each in backgrounds)


def _path(model: str) -> str:
    return f"background.room.{model}"


@dataclass(frozen=True)
class Surrounded:
    """Where a room is put up.

    Attributes:
        placed: what is there; parts of the room are added.
        subject: what is framed.
        views: the cameras.
        models: those of ``room_models``, by their paths.

    """

    placed: list[Placed]
    subject: Subject
    views: Sequence[View]
    models: Mapping[str, Candidate]

    def reach(self, direction: Array) -> float:
        """Return how far cameras and things are from the subject's middle in a direction (3,)."""
        points = [each.hull for each in self.placed]
        points += [view.camera.position[None] for view in self.views]
        beyond = (np.concatenate(points) - np.array(self.subject.center)) @ direction
        return float(beyond.max())

    def radius(self) -> float:
        """Return how far things on the ground are from the subject's middle, seen from above."""
        corners = [each.hull for each in self.placed] or [np.zeros((1, 3))]
        apart = np.concatenate(corners)[:, :2] - np.array(self.subject.center)[:2]
        return float(np.linalg.norm(apart, axis=1).max())

    def add(self, model: str, size_m: float, turn: Array, place: Array) -> int:
        """Place a part whose model is 1 m long, and return its instance.

        Args:
            model: its name.
            size_m: how long it is to be.
            turn: (3, 3) its rotation.
            place: (3,) where its model's origin is to be.

        """
        candidate, matrix = self.models[_path(model)], np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = size_m * turn, place
        hull = candidate.geometry.hull.astype(np.float64) @ matrix[:3, :3].T + place
        entry = Instance(
            instance=len(self.placed) + 1,
            category=None,
            asset=candidate.facts.key,
            file=candidate.file,
            scale=float(f"{size_m:.12g}"),
            model_to_world=to_matrix4(matrix),
        )
        self.placed.append(Placed(entry, candidate, hull, surrounds=True))
        return entry.instance


def build_room(room: Room, path: str, stream: Stream, site: Surrounded) -> tuple[RoomPart, ...]:
    """Add the parts of a room to a site, and return them with their surfaces.

    What it looks like is drawn once an image, and stays where a rejected pose is drawn again.
    """
    first = stream.again(0)
    floor_level = -BELOW * site.subject.radius_m
    parts: list[RoomPart] = []

    def finished(part: Part, instance: int, finish: FinishConfig, key: str) -> None:
        surface = draw_finish(finish, first, f"{path}.{key}")
        parts.append(RoomPart(instance=instance, part=part, finish=surface))

    if first.unit(f"{path}.table", "chance") < draw_number(room.table, first, f"{path}.table"):
        instance, floor_level = _table(room, path, first, site, floor_level)
        finished("table", instance, room.top, "top")
    for instance in _walls(room, path, first, site, floor_level):
        finished("wall", instance, room.walls, "walls")
    middle = np.array([*site.subject.center[:2], floor_level])
    side = 3 * max(site.reach(np.array(to)) for to in _SIDES)
    instance = site.add(_PLATE, side, _about_z(_yaw(room, path, first)), middle)
    finished("floor", instance, room.floor, "floor")
    return tuple(parts)


_SIDES = ((1.0, 0, 0), (-1.0, 0, 0), (0, 1.0, 0), (0, -1.0, 0))


def _yaw(room: Room, path: str, stream: Stream) -> float:
    return math.radians(draw_number(room.yaw_deg, stream, f"{path}.yaw_deg"))


def _about_z(angle: float) -> Array:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _table(
    room: Room, path: str, stream: Stream, site: Surrounded, level: float
) -> tuple[int, float]:
    """Add a table with its top at a level, and return its instance and where its legs end."""
    names = list(_TABLES)
    model = names[int(stream.unit(f"{path}.table", "model") * len(names))]
    width, legs = _TABLES[model]
    needed = (1 + _EDGE) * site.radius()
    wished = site.subject.radius_m * draw_number(room.table_size, stream, f"{path}.table_size")
    size = max(wished, 2 * needed / width)
    # A thing at the middle of a table is the rare case. On a round one what is left in both
    # directions is left across both, too.
    share = math.sqrt(0.5) if model == "table_round" else 1.0
    slack = np.array([size / 2 - needed, size * width / 2 - needed]) * share
    beside = [2 * stream.unit(f"{path}.table", f"beside {axis}") - 1 for axis in "xy"]
    turn = _about_z(2 * math.pi * stream.unit(f"{path}.table", "turn"))
    offset = turn[:2, :2] @ (slack * beside)
    place = np.array([*(np.array(site.subject.center)[:2] + offset), level])
    return site.add(model, size, turn, place), level - legs * size


def _walls(room: Room, path: str, stream: Stream, site: Surrounded, level: float) -> list[int]:
    """Add four walls, and return their instances."""
    yaw, radius, center = _yaw(room, path, stream), site.subject.radius_m, site.subject.center
    height = radius * draw_number(room.height, stream, f"{path}.height")
    turns = [_about_z(yaw + at * math.pi / 2) for at in range(4)]
    distances = []
    for at, turn in enumerate(turns):
        wished = radius * draw_number(room.distance, stream, f"{path}.distance.{at}")
        distances.append(max(wished, (1 + _ROOM) * site.reach(turn[:, 0])))
    walls = []
    for at, turn in enumerate(turns):
        before, after = distances[at - 1], distances[(at + 1) % 4]
        # A square plate, the most of it below the floor; it ends a little beyond its neighbours.
        side = 1.02 * max(before + after, height - level)
        outward, along = turn[:, 0], turn[:, 1]
        place = distances[at] * outward + (after - before) / 2 * along
        place += np.array([center[0], center[1], height - side / 2])
        # The plate's own axes: along, up, and inward, which is where its face looks.
        axes = np.column_stack([-along, [0.0, 0.0, 1.0], -outward])
        walls.append(site.add(_PLATE, side, axes, place))
    return walls
