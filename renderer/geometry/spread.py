"""A few points of many that lie far from each other: a model's tips, corners and ends first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Points nearer to each other, as a share of the longest side, are one to the eye.
_NEAR = 0.02


def spread_points(points: Array, count: int) -> Array:
    """Return at most ``count`` of some points (n, 3), each as far as can be from those before it;
    the first is the farthest from the middle.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    near = _NEAR * float((high - low).max())
    chosen = [int(np.linalg.norm(points - (low + high) / 2, axis=1).argmax())]
    away = np.full(len(points), np.inf)
    while len(chosen) < count:
        away = np.minimum(away, np.linalg.norm(points - points[chosen[-1]], axis=1))
        farthest = int(away.argmax())
        if away[farthest] <= near:
            break
        chosen.append(farthest)
    return points[chosen]
