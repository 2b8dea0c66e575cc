"""Area lamps of known irradiance: large panels are nearer at one end than at the other."""

from __future__ import annotations

import math
from dataclasses import dataclass

from renderer.plan.site import combined, cross, moved
from renderer.shot.scene import Lamp, Vector

# A side of the grid of points that a panel's irradiance is summed over.
_GRID = 6


@dataclass(frozen=True)
class Panel:
    """A rectangle of light.

    Attributes:
        center: its middle, in metres.
        facing: the unit vector along which it shines.
        width: in metres, along its level edge.
        height: in metres.
        turn_deg: about ``facing``; of a level panel, from the world's x axis.

    """

    center: Vector
    facing: Vector
    width: float
    height: float
    turn_deg: float = 0.0

    @property
    def edges(self) -> tuple[Vector, Vector]:
        """Unit vectors along width and height."""
        x, y, _ = self.facing
        level = math.hypot(x, y)
        right = (1.0, 0.0, 0.0) if level < 1e-6 else (-y / level, x / level, 0.0)
        up = cross(right, self.facing)
        turn = math.radians(self.turn_deg)
        cosine, sine = math.cos(turn), math.sin(turn)
        return combined(right, cosine, up, sine), combined(up, cosine, right, -sine)

    def irradiance(self, point: Vector, normal: Vector) -> float:
        """Return the irradiance (1/m2) of one watt on a surface at a point.

        A panel of P watts has the radiance P / (pi A); each part of it gives radiance times cosine
        at the panel times cosine at the surface over the square of the distance.
        """
        right, up = self.edges
        total = 0.0
        for column in range(_GRID):
            for row in range(_GRID):
                x = ((column + 0.5) / _GRID - 0.5) * self.width
                y = ((row + 0.5) / _GRID - 0.5) * self.height
                at = moved(moved(self.center, right, x), up, y)
                way = moved(at, point, -1.0)
                square = _dot(way, way)
                cosines = -_dot(way, self.facing) * max(_dot(way, normal), 0.0) / square
                total += max(cosines, 0.0) / square
        return total / (_GRID * _GRID * math.pi)

    def lamp(self, power: float, color: Vector) -> Lamp:
        """Return the panel as a lamp of so many watts."""
        return Lamp(
            type="area",
            position=self.center,
            direction=self.facing,
            power=power,
            color=color,
            size=self.width,
            spot_deg=50.0,
            height=self.height,
            turn_deg=self.turn_deg,
        )

    def lamp_of_strength(self, strength: float, color: Vector, point: Vector) -> Lamp:
        """Return the panel as a lamp that lights a surface at a point, facing it, as the world at
        that strength does.
        """
        normal = _unit(moved(self.center, point, -1.0))
        return self.lamp(math.pi * strength / self.irradiance(point, normal), color)


def towards(center: Vector, point: Vector, width: float, height: float) -> Panel:
    """Return a panel that faces a point."""
    return Panel(center, _unit(moved(point, center, -1.0)), width, height)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _unit(way: Vector) -> Vector:
    length = math.sqrt(_dot(way, way))
    return way[0] / length, way[1] / length, way[2] / length
