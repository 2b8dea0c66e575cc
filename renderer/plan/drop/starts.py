"""Where objects are let go: in a circle, in a bin, or just above each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Left free between two that are let go, as a share of their sizes.
_ROOM = 0.02


@dataclass(frozen=True)
class Ball:
    """What an object needs of space in any rotation: a ball of this radius about its middle."""

    radius: float


@dataclass(frozen=True)
class Disk:
    """The circle about the origin within which objects are let go."""

    radius: float

    def place(self, ball: Ball, u: float, v: float) -> Array:
        """Return where (2,) one is let go, by two numbers in [0, 1)."""
        del ball
        distance, angle = self.radius * math.sqrt(u), 2 * math.pi * v
        return np.array([distance * math.cos(angle), distance * math.sin(angle)])


@dataclass(frozen=True)
class Opening:
    """The rectangle about the origin within which objects are let go, whole."""

    width: float
    depth: float

    def place(self, ball: Ball, u: float, v: float) -> Array:
        """Return where (2,) one is let go, by two numbers in [0, 1)."""
        spans = [max(side / 2 - ball.radius, 0.0) for side in (self.width, self.depth)]
        return np.array([(2 * u - 1) * spans[0], (2 * v - 1) * spans[1]])


def let_go(
    balls: Sequence[Ball],
    area: Disk | Opening,
    numbers: Sequence[tuple[float, float]],
    bottom: float,
) -> list[Array]:
    """Return where the middle (3,) of each is let go, none in another, each as low as it may be
    above those before it.

    Args:
        balls: the objects, the first to fall first.
        area: where.
        numbers: two in [0, 1) for each.
        bottom: nothing is let go lower.

    """
    places = np.zeros((len(balls), 3))
    radii = np.array([ball.radius for ball in balls])
    for at, (ball, (u, v)) in enumerate(zip(balls, numbers, strict=True)):
        flat = area.place(ball, u, v)
        reach = (radii[:at] + ball.radius) * (1 + _ROOM)
        beside = np.linalg.norm(places[:at, :2] - flat, axis=1)
        over = places[:at, 2] + np.sqrt(np.maximum(reach**2 - beside**2, 0.0))
        lowest = bottom + ball.radius * (1 + _ROOM)
        places[at] = *flat, max([lowest, *over[beside < reach].tolist()])
    return list(places)
