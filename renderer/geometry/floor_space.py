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
        along, across = apart @ direction, apart @ (-direction[1], direction[0])
        room = gap * radius
        reach = _SLANT * (circles[:, 2] + radius + room)
        inside = reach**2 - across**2
        # Two things are near at most while their circles are.
        half = np.sqrt(np.maximum(inside, 0.0))
        near = (inside >= 0) & (along + half > 0)
        near &= np.array(self._bottoms) < hull[:, 2].max()
        enter = along - half
        distance, spans, todo = 0.0, [], np.flatnonzero(near)
        while len(met := todo[enter[todo] <= distance]):
            spans += [self._span(one, int(at), direction, room) for at in met]
            distance = first_free(spans)
            todo = todo[~np.isin(todo, met)]
        return distance

    def _span(self, one: Footprint, at: int, direction: Array, room: float) -> tuple[float, float]:
        other = self._things[at]
        axes = np.concatenate([one.axes, other.axes])
        return blocked_span(one.outline, other.outline, axes, direction, room)
