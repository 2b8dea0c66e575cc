"""Equal cells of the sphere of views: the faces of an icosahedron, and of its subdivisions.

Directions lead from what is seen to the camera: azimuth 0 along -Y, 90 along +X, Z up.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

Vector = tuple[float, float, float]
MOST_SUBDIVISIONS = 3


@dataclass(frozen=True)
class Cell:
    """One cell by its corners, which are of length 1."""

    corners: tuple[Vector, Vector, Vector]

    @property
    def middle(self) -> Vector:
        """The direction of its middle."""
        return self.at(1 / 3, 1 / 3)

    def at(self, first: float, second: float) -> Vector:
        """Return a direction in the cell: for two even numbers in [0, 1) about evenly."""
        if first + second > 1:
            first, second = 1 - first, 1 - second
        a, b, c = self.corners
        weights = (1 - first - second, first, second)
        x, y, z = (
            sum(weight * corner[axis] for weight, corner in zip(weights, (a, b, c), strict=True))
            for axis in range(3)
        )
        return _unit((x, y, z))

    def holds(self, direction: Vector) -> bool:
        """Tell whether a direction is in the cell."""
        a, b, c = self.corners
        way = math.copysign(1, _volume(a, b, c))
        return all(way * _volume(*pair, direction) >= 0 for pair in ((a, b), (b, c), (c, a)))


def direction_of(azimuth_deg: float, elevation_deg: float) -> Vector:
    """Return the direction of an azimuth and an elevation."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    flat = math.cos(elevation)
    return flat * math.sin(azimuth), -flat * math.cos(azimuth), math.sin(elevation)


def angles_of(direction: Vector) -> tuple[float, float]:
    """Return azimuth (0 to 360) and elevation of a direction in degrees."""
    x, y, z = direction
    azimuth = math.degrees(math.atan2(x, -y)) % 360
    return azimuth, math.degrees(math.atan2(z, math.hypot(x, y)))


@lru_cache(maxsize=MOST_SUBDIVISIONS + 1)
def icosahedral_cells(subdivisions: int) -> tuple[Cell, ...]:
    """Return the 20 cells of an icosahedron, each cut in four ``subdivisions`` times."""
    cells = _icosahedron()
    for _ in range(subdivisions):
        cells = tuple(part for cell in cells for part in _quarters(cell))
    return cells


def _icosahedron() -> tuple[Cell, ...]:
    """Return its faces: triples of corners of which each is the others' neighbour. It stands on a
    corner: so no face has its middle on the horizon.
    """
    ring = math.degrees(math.atan(0.5))
    corners = [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]
    corners += [direction_of(72.0 * at, ring) for at in range(5)]
    corners += [direction_of(72.0 * at + 36, -ring) for at in range(5)]
    near = 1.2  # an edge is 1.05 long, and the next distance 1.7
    return tuple(
        Cell(triple)
        for triple in itertools.combinations(corners, 3)
        if all(math.dist(*pair) < near for pair in itertools.combinations(triple, 2))
    )


def _quarters(cell: Cell) -> tuple[Cell, ...]:
    a, b, c = cell.corners
    ab, bc, ca = _between(a, b), _between(b, c), _between(c, a)
    return Cell((a, ab, ca)), Cell((ab, b, bc)), Cell((ca, bc, c)), Cell((ab, bc, ca))


def _between(a: Vector, b: Vector) -> Vector:
    return _unit((a[0] + b[0], a[1] + b[1], a[2] + b[2]))


def _unit(vector: Vector) -> Vector:
    length = math.hypot(*vector)
    return vector[0] / length, vector[1] / length, vector[2] / length


def _volume(a: Vector, b: Vector, c: Vector) -> float:
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        + a[1] * (b[2] * c[0] - b[0] * c[2])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )
