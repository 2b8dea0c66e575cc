"""How far a convex footprint must slide until it is clear of others, in closed form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def first_free(spans: list[tuple[float, float]]) -> float:
    """Return the smallest distance >= 0 outside every (enter, leave) span."""
    distance = 0.0
    for enter, leave in sorted(spans):
        if enter < leave and enter <= distance < leave:
            distance = leave
    return distance


def blocked_span(
    moving: Array, fixed: Array, axes: Array, direction: Array, room: float
) -> tuple[float, float]:
    """Return (enter, leave): moved by t * direction, convex polygon ``moving`` (n, 2) is less than
    ``room`` from ``fixed`` (m, 2) exactly for enter < t < leave (never: enter > leave).

    ``axes`` (k, 2) are the polygons' own (``edge_axes``).

    Separating axes: convex shapes meet when their shadows meet on every edge normal, and on each
    axis that is a span of t, so the answer is where all spans overlap. The edges themselves serve
    for shapes without breadth. (cv2.intersectConvexConvex 4.11 finds no area in some that meet.)
    """
    a, b, speed = moving @ axes.T, fixed @ axes.T, axes @ direction
    low = b.min(0) - a.max(0) - room
    high = b.max(0) - a.min(0) + room
    still = np.abs(speed) < 1e-12
    if ((low >= 0) | (high <= 0))[still].any():
        return np.inf, -np.inf
    first, last = low[~still] / speed[~still], high[~still] / speed[~still]
    return float(np.minimum(first, last).max()), float(np.maximum(first, last).min())


def edge_axes(polygon: Array) -> Array:
    """Return the unit normals and directions of a polygon's edges (k, 2)."""
    edges = np.roll(polygon, -1, axis=0) - polygon
    axes = np.concatenate([edges[:, ::-1] * (1, -1), edges])
    length = np.linalg.norm(axes, axis=1, keepdims=True)
    unit: Array = axes[length[:, 0] > 0] / length[length[:, 0] > 0]
    return unit
