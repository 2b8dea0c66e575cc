"""Where objects stand: rotation, size, resting on the floor, and a free place for each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.geometry.rotation import any_rotation, euler, rest_on_side
from renderer.geometry.sliding import blocked_span, first_free
from renderer.plan.layout import Standing, lay_out
from renderer.plan.placed import Candidate, Placed, Posed
from renderer.plan.shelf import Board, put_on_shelf
from renderer.recipe.model import ObjectSpec, Recipe
from renderer.shot.scene import Instance, to_matrix4
from renderer.values.draw import draw_among, draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]


def spec_paths(recipe: Recipe) -> list[str]:
    """Return the stream path of each object entry: by category and its order within the category,
    so that adding another category leaves the others' numbers alone.
    """
    seen: dict[str, int] = {}
    paths = []
    for spec in recipe.objects:
        number = seen[spec.category] = seen.get(spec.category, -1) + 1
        paths.append(f"objects.{spec.category}.{number}")
    return paths


def place_objects(
    recipe: Recipe,
    candidates: list[dict[str, Candidate]],
    furniture: Mapping[str, Candidate],
    stream: Stream,
) -> list[Placed]:
    """Return the objects of one image, each free of the others, and then what they stand on;
    instances count from 1.

    How many there are, which models and how large is drawn once an image; another attempt at a
    rejected pose turns and moves the same objects, so that rejection favours no number or model.
    """
    posed = pose_objects(recipe, candidates, stream)
    gap = draw_number(recipe.arrangement.gap, stream.again(0), "arrangement.gap")
    offsets, boards = _laid_out(recipe, posed, gap, stream)
    pairs = enumerate(zip(posed, offsets, strict=True), start=1)
    placed = [finish(number, each, offset) for number, (each, offset) in pairs]
    for board in boards:
        placed.append(_furniture(len(placed) + 1, board, furniture[board.model]))
    return placed


def _laid_out(
    recipe: Recipe, posed: list[Posed], gap: float, stream: Stream
) -> tuple[list[Array], list[Board]]:
    """Return for each object what to add to its hull, and the boards that objects stand on."""
    layout = recipe.arrangement.layout
    if layout is None:
        return _arrange(posed, gap, stream), []
    standing = Standing(posed, [to_origin(each) for each in posed], stream)
    if layout.shelf is not None:
        return put_on_shelf(layout.shelf, standing)
    arrange = lambda chosen: _arrange([posed[at] for at in chosen], gap, stream)  # noqa: E731
    return lay_out(layout, standing, arrange), []


def pose_objects(
    recipe: Recipe, candidates: list[dict[str, Candidate]], stream: Stream
) -> list[Posed]:
    """Return the objects of one image with their sizes and rotations, without places."""
    first = stream.again(0)
    posed: list[Posed] = []
    for spec, path, models in zip(recipe.objects, spec_paths(recipe), candidates, strict=True):
        count = round(draw_number(spec.count, first, f"{path}.count"))
        posed += [_pose(spec, f"{path}.{number}", models, stream) for number in range(count)]
    return posed


def _pose(spec: ObjectSpec, path: str, models: dict[str, Candidate], stream: Stream) -> Posed:
    first = stream.again(0)
    candidate = models[draw_among(list(models), first, f"{path}.asset")]
    scale = draw_number(spec.scale, first, f"{path}.scale")
    if spec.size_m is not None:
        size = draw_number(spec.size_m, first, f"{path}.size_m")
        scale *= size / candidate.facts.longest_m
    geometry = candidate.geometry
    if spec.orientation == "free":
        rotation = any_rotation(stream, path)
        if spec.resting:
            rotation = rest_on_side(rotation, geometry)
    else:
        rotation = euler(
            *(
                draw_number(value, stream, f"{path}.{key}")
                for key, value in (
                    ("yaw_deg", spec.yaw_deg),
                    ("pitch_deg", spec.pitch_deg),
                    ("roll_deg", spec.roll_deg),
                )
            )
        )
    hull = scale * geometry.hull.astype(np.float64) @ rotation.T
    return Posed(spec, candidate, path, scale, rotation, hull)


def _arrange(posed: list[Posed], gap: float, stream: Stream) -> list[Array]:
    """Return for each object what to add to its hull (metres).

    Objects are put down one after the other: each slides outward from the middle in a direction of
    its own, to the first place where its footprint is ``gap`` radii from every other. Floating
    objects do so in space with their bounding spheres.
    """
    offsets: list[Array] = [np.zeros(3)] * len(posed)
    spheres = _Spheres.of(posed)
    order = sorted(range(len(posed)), key=lambda at: stream.unit(f"{posed[at].path}.order"))
    order.sort(key=lambda at: posed[at].spec.position_m is None)
    for number, at in enumerate(order):
        each = posed[at]
        offsets[at] = to_origin(each)
        if each.spec.position_m is not None:
            offsets[at] = offsets[at] + said_position(each, stream)
        else:
            direction = _direction(each, stream)
            there = np.array(order[:number], np.int64)
            spans = [
                _blocked(each, offsets[at], direction, posed[other], offsets[other], gap)
                for other in there[spheres.beside(at, offsets[at], direction, there, gap)]
            ]
            offsets[at] = offsets[at] + first_free(spans) * direction
        spheres.middles[at] += offsets[at]
    return offsets


def said_position(each: Posed, stream: Stream) -> Array:
    """Return where (3,) the recipe has an object stand."""
    assert each.spec.position_m is not None
    where = [
        draw_number(value, stream, f"{each.path}.position_m.{axis}")
        for value, axis in zip(each.spec.position_m, "xyz", strict=True)
    ]
    return np.array(where)


# Two footprints may be called too near at up to so many times their distance: their corners are
# told apart along their edges' normals alone.
_SLANT = 1.5


@dataclass(frozen=True)
class _Spheres:
    """The bounding spheres of many objects, to find those that a sliding one may meet at once.

    Attributes:
        middles: (n, 3), moved to where each object is put.
        radii: (n,).
        resting: (n,) whether it stands on the floor.

    """

    middles: Array
    radii: Array
    resting: npt.NDArray[np.bool_]

    @staticmethod
    def of(posed: list[Posed]) -> _Spheres:
        """Return the spheres of objects that have no places yet."""
        spheres = [each.sphere for each in posed]
        return _Spheres(
            np.array([middle for middle, _ in spheres]).reshape(-1, 3),
            np.array([radius for _, radius in spheres]),
            np.array([each.spec.resting for each in posed], np.bool_),
        )

    def beside(
        self, at: int, start: Array, direction: Array, others: npt.NDArray[np.int64], gap: float
    ) -> npt.NDArray[np.bool_]:
        """Tell of others (m,) which may be in the way of one that slides in a direction."""
        apart = self.middles[others] - (self.middles[at] + start)
        reach = (self.radii[at] + self.radii[others]) * (1 + gap)
        flat = self.resting[at] & self.resting[others]
        apart[flat, 2] = 0.0
        reach[flat] *= _SLANT
        across = apart - np.outer(apart @ direction, direction)
        return np.asarray(np.linalg.norm(across, axis=1) <= reach, np.bool_)


def to_origin(each: Posed) -> Array:
    """Return what brings a posed hull's middle over the origin and its lowest point to z = 0
    (a floating object: its middle to the height of its own radius).
    """
    low, high = each.hull.min(0), each.hull.max(0)
    middle = (low + high) / 2
    lowest = low[2] if each.spec.resting else middle[2] - each.sphere[1]
    return np.array([-middle[0], -middle[1], -lowest])


def _direction(each: Posed, stream: Stream) -> Array:
    angle = 2 * math.pi * stream.unit(f"{each.path}.direction")
    if each.spec.resting:
        return np.array([math.cos(angle), math.sin(angle), 0.0])
    # Upward half of the sphere, so that a floating object never sinks into the floor.
    up = stream.unit(f"{each.path}.direction", "up")
    flat = math.sqrt(1 - up * up)
    return np.array([flat * math.cos(angle), flat * math.sin(angle), up])


def _blocked(
    one: Posed, one_at: Array, direction: Array, other: Posed, other_at: Array, gap: float
) -> tuple[float, float]:
    """Return the (enter, leave) distances between which a sliding object is too near another."""
    if one.spec.resting and other.spec.resting:
        room = gap / 2 * (one.footprint.radius + other.footprint.radius)
        first, second = one.footprint.outline + one_at[:2], other.footprint.outline + other_at[:2]
        axes = np.concatenate([one.footprint.axes, other.footprint.axes])
        return blocked_span(first, second, axes, direction[:2], room)
    (a, ra), (b, rb) = one.sphere, other.sphere
    a, b = a + one_at, b + other_at
    reach = (ra + rb) * (1 + gap / 2)
    along = float((b - a) @ direction)
    inside = along**2 - float((b - a) @ (b - a)) + reach**2
    if inside <= 0:
        return np.inf, -np.inf
    return along - np.sqrt(inside), along + np.sqrt(inside)


def _furniture(number: int, board: Board, candidate: Candidate) -> Placed:
    hull = candidate.geometry.hull.astype(np.float64)
    matrix = np.eye(4)
    matrix[:3, :3] = board.length * board.turn
    matrix[:3, 3] = board.middle - matrix[:3, :3] @ ((hull.min(0) + hull.max(0)) / 2)
    entry = Instance(
        instance=number,
        category=None,
        asset=candidate.facts.key,
        file=candidate.file,
        scale=board.length,
        model_to_world=to_matrix4(matrix),
    )
    return Placed(entry, candidate, hull @ matrix[:3, :3].T + matrix[:3, 3])


def finish(number: int, each: Posed, offset: Array) -> Placed:
    """Return a posed object, moved by an offset (3,) from the model's origin, as one placed."""
    matrix = np.eye(4)
    matrix[:3, :3] = each.scale * each.rotation
    matrix[:3, 3] = offset
    entry = Instance(
        instance=number,
        category=each.spec.category,
        asset=each.candidate.facts.key,
        file=each.candidate.file,
        scale=each.scale,
        model_to_world=to_matrix4(matrix),
    )
    return Placed(entry, each.candidate, each.hull + offset)
