"""Where objects stand in a grid, scattered at a density, and in clusters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from renderer.errors import UserError
from renderer.geometry.floor_space import FloorSpace
from renderer.geometry.footprint import Footprint
from renderer.geometry.sliding import first_free
from renderer.recipe.layout import Clusters, Grid, Layout, Scatter
from renderer.values.draw import draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
Arrange = Callable[[Sequence[int]], list[Array]]

_PATH = "arrangement.layout"
# Places tried for one object before it slides from the last to the first that is free.
_TRIES = 40
# Things dropped anywhere one after the other fill at most about so much of a plane (discs: 0.547,
# Feder 1980).
_MOST_FILLED = 0.5


class LayoutError(UserError):
    """Objects have no room in a layout."""


class Body(Protocol):
    """An object with size and rotation, before it has a place."""

    @property
    def path(self) -> str:
        """The stream path of the object."""

    @property
    def hull(self) -> Array:
        """Its corners (n, 3) about the model's origin."""


@dataclass(frozen=True)
class Standing:
    """Objects that stand on the origin, each alone.

    Attributes:
        bodies: the objects.
        starts: for each what brings it there (3,).
        stream: of the image and the pose.

    """

    bodies: Sequence[Body]
    starts: Sequence[Array]
    stream: Stream

    def sizes(self) -> Array:
        """Return how wide, deep and high (n, 3) each is."""
        return np.array([np.ptp(each.hull, axis=0) for each in self.bodies]).reshape(-1, 3)

    def order(self, mixed: bool) -> list[int]:
        """Return the objects in their order, or shuffled."""
        numbers = range(len(self.bodies))
        if not mixed:
            return list(numbers)
        return sorted(numbers, key=lambda at: self.stream.unit(f"{self.bodies[at].path}.order"))

    def number(self, key: str, value: object) -> float:
        """Return a number of the layout, the same in all poses of the image."""
        return draw_number(value, self.stream.again(0), f"{_PATH}.{key}")  # type: ignore[arg-type]

    def signed(self, at: int, salt: str) -> float:
        """Return a number of an object's own in [-1, 1)."""
        return 2 * self.stream.unit(f"{self.bodies[at].path}.place", salt) - 1


def lay_out(layout: Layout, standing: Standing, arrange: Arrange) -> list[Array]:
    """Return what to add to each object's hull (3,).

    Args:
        layout: how they stand.
        standing: the objects.
        arrange: puts some of them, by number, close together, and returns what to add to each.

    Raises:
        LayoutError: there is no room for them as the recipe has it.

    """
    if layout.grid is not None:
        return _grid(layout.grid, standing)
    if layout.scatter is not None:
        return _scatter(layout.scatter, standing)
    assert layout.clusters is not None
    return _clusters(layout.clusters, standing, arrange)


def places(count: int, empty: float, key: str, stream: Stream) -> list[int]:
    """Return which of a row of places, a share of them empty, are taken: as many as ``count``."""
    total = max(count, math.ceil(count / (1 - empty) - 1e-9))
    free = sorted(range(total), key=lambda at: stream.unit(f"{_PATH}.{key}.empty", str(at)))
    return sorted(free[:count])


def _grid(grid: Grid, standing: Standing) -> list[Array]:
    offsets = list(standing.starts)
    if not offsets:
        return offsets
    taken = places(len(offsets), standing.number("grid.empty", grid.empty), "grid", standing.stream)
    total = taken[-1] + 1
    columns = math.ceil(math.sqrt(total))
    if grid.columns is not None:
        columns = min(round(standing.number("grid.columns", grid.columns)), total)
    rows = math.ceil(total / columns)
    sizes = standing.sizes()[:, :2]
    cell = sizes.max(0) * (1 + standing.number("grid.gap", grid.gap))
    jitter = standing.number("grid.jitter", grid.jitter)
    for at, place in zip(standing.order(grid.mixed), taken, strict=True):
        row, column = divmod(place, columns)
        middle = cell * (column - (columns - 1) / 2, (rows - 1) / 2 - row)
        room = jitter * (cell - sizes[at]) / 2
        aside = room * (standing.signed(at, "x"), standing.signed(at, "y"))
        offsets[at] = offsets[at] + np.array([*(middle + aside), 0.0])
    return offsets


def _scatter(scatter: Scatter, standing: Standing) -> list[Array]:
    offsets = list(standing.starts)
    gap = standing.number("scatter.gap", scatter.gap)
    density = standing.number("scatter.per_m2", scatter.per_m2)
    area = len(offsets) / density
    covered = sum(_area(each) * (1 + gap) ** 2 for each in standing.bodies)
    if covered > _MOST_FILLED * area:
        raise LayoutError(
            f"{len(offsets)} objects cover {covered:.3g} m2 of floor, and at {density:g} a square "
            f"metre they have {area:.3g}, of which half can be used: lower "
            "arrangement.layout.scatter.per_m2 or the objects' size"
        )
    space, half = FloorSpace(), math.sqrt(area) / 2
    for at in standing.order(mixed=True):
        # The square is of the objects' middles; each is another one's neighbour across its sides.
        angle = math.pi * (1 + standing.signed(at, "slide"))
        direction = np.array([math.cos(angle), math.sin(angle)])
        hull = standing.bodies[at].hull + standing.starts[at]
        for attempt in range(_TRIES):
            x, y = (half * standing.signed(at, f"{axis}{attempt}") for axis in "xy")
            away = space.first_room(hull + np.array([x, y, 0.0]), direction, gap)
            if away == 0:
                break
        move = np.array([x + away * direction[0], y + away * direction[1], 0.0])
        space.add(hull + move)
        offsets[at] = offsets[at] + move
    return offsets


def _area(each: Body) -> float:
    x, y = Footprint(each.hull).outline.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _clusters(clusters: Clusters, standing: Standing, arrange: Arrange) -> list[Array]:
    count = min(round(standing.number("clusters.count", clusters.count)), len(standing.bodies))
    offsets = list(standing.starts)
    heaps: list[list[int]] = [[] for _ in range(count)]
    for place, at in enumerate(standing.order(mixed=True)):
        heaps[place % count].append(at)
    apart = standing.number("clusters.apart", clusters.apart)
    circles: list[tuple[Array, float]] = []
    for number, heap in enumerate(heaps):
        moved = arrange(sorted(heap))
        corners = np.concatenate(
            [
                standing.bodies[at].hull[:, :2] + move[:2]
                for at, move in zip(sorted(heap), moved, strict=True)
            ]
        )
        middle = (corners.min(0) + corners.max(0)) / 2
        radius = float(np.linalg.norm(corners - middle, axis=1).max())
        angle = 2 * math.pi * standing.stream.unit(f"{_PATH}.clusters.direction", str(number))
        direction = np.array([math.cos(angle), math.sin(angle)])
        spans = [
            _circle_span(other, direction, (radius + theirs) * (1 + apart / 2))
            for other, theirs in circles
        ]
        center = first_free(spans) * direction
        circles.append((center, radius))
        for at, move in zip(sorted(heap), moved, strict=True):
            offsets[at] = move + np.array([*(center - middle), 0.0])
    return offsets


def _circle_span(other: Array, direction: Array, reach: float) -> tuple[float, float]:
    """Return between which distances from the origin something is nearer to a point than that."""
    along = float(other @ direction)
    inside = along**2 - float(other @ other) + reach**2
    if inside <= 0:
        return np.inf, -np.inf
    return along - math.sqrt(inside), along + math.sqrt(inside)
