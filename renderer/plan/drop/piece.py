"""A convex solid by its corners."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

# Where along an edge its points are.
_ALONG = (0.25, 0.5, 0.75)


@dataclass(frozen=True, eq=False)
class Piece:
    """A convex solid, its corners (n, 3) in its model's unit frame."""

    corners: Floats

    @cached_property
    def _hull(self) -> tuple[Array, npt.NDArray[np.int32], float]:
        from scipy.spatial import ConvexHull  # 0.1 s, and recipes without a drop do without

        hull = ConvexHull(self.corners.astype(np.float64))
        return hull.equations, hull.simplices, float(hull.volume)

    @property
    def planes(self) -> Array:
        """Its planes (k, 4): normals to the outside, and offsets."""
        return self._hull[0]

    @property
    def volume(self) -> float:
        """Its volume."""
        return self._hull[2]

    @cached_property
    def box(self) -> tuple[Floats, Floats]:
        """Its lowest and highest coordinates (3,)."""
        return self.corners.min(0), self.corners.max(0)

    @cached_property
    def points(self) -> Array:
        """Its corners, and points of its edges (n, 3)."""
        corners = self.corners.astype(np.float64)
        sides = self._hull[1][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
        a, b = np.moveaxis(corners[np.unique(np.sort(sides, axis=1), axis=0)], 1, 0)
        return np.concatenate([corners, *(a + share * (b - a) for share in _ALONG)])
