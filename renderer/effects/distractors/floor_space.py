"""Room among things that stand on a floor, by their footprints: where those are apart, so are the
things.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.geometry.footprint import Footprint
from renderer.geometry.sliding import blocked_span, first_free

Array = npt.NDArray[np.float64]

# Footprints may be called too near at up to so many times their distance: their corners are told
# apart along their edges' normals alone.
_SLANT = 1.5


class FloorSpace:
    """Things in a scene, to find room among them for one more after the other."""

    def __init__(self) -> None:
        self._things: list[Footprint] = []
        self._circles: list[tuple[float, float, float]] = []
        self._bottoms: list[float] = []

    def add(self, hull: Array) -> None:
        """Add a thing by the corners (n, 3) of its hull in the world."""
        thing = Footprint(hull)
        self._things.append(thing)
        self._circles.append((*thing.middle.tolist(), thing.radius))
        self._bottoms.append(float(hull[:, 2].min()))

    def first_room(self, hull: Array, direction: Array, gap: float) -> float:
        """Return how far a thing that stands on the floor slides until it is free of all others
        and of what hovers as low as it is high.

        Args:
            hull: (n, 3) its corners where it starts.
            direction: (2,) unit vector.
            gap: what is to be left free about it, as a share of its radius.

        """
        if not self._things:
            return 0.0
        one = Footprint(hull)
        (x, y), radius = one.middle, one.radius
        circles = np.array(self._circles)
        apart = circles[:, :2] - (x, y)
        across = np.abs(apart @ (-direction[1], direction[0]))
        room = gap * radius
        near = across <= _SLANT * (circles[:, 2] + radius + room)
        near &= np.array(self._bottoms) < hull[:, 2].max()
        spans = [
            blocked_span(
                one.outline,
                self._things[at].outline,
                np.concatenate([one.axes, self._things[at].axes]),
                direction,
                room,
            )
            for at in np.flatnonzero(near)
        ]
        return first_free(spans)
