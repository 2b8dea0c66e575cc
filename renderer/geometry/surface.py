"""How far points are from a surface of triangles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def distance_to_surface(points: Array, corners: Array) -> Array:
    """Return the distances (n,) of points (n, 3) from the nearest of triangles (t, 3, 3)."""
    middle = corners.mean(axis=1)
    reach = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
    found = np.empty(len(points))
    for at, point in enumerate(points):
        away = np.linalg.norm(middle - point, axis=1)
        # None but those may hold the nearest place: an exact answer, and few triangles to ask.
        near = away - reach <= (away + reach).min()
        found[at] = _distances(point, corners[near]).min()
    return found


def _distances(point: Array, corners: Array) -> Array:
    """Return the distances (t,) of one point from triangles (t, 3, 3): from the plane where it is
    above the triangle, else from the nearest edge.
    """
    edges = np.roll(corners, -1, axis=1) - corners
    to_point = point - corners
    normal = np.cross(edges[:, 0], edges[:, 1])
    length = np.linalg.norm(normal, axis=1)
    sides = np.einsum("tei,ti->te", np.cross(edges, to_point), normal)
    above = (sides >= 0).all(axis=1) & (length > 0)
    along = np.einsum("tei,tei->te", edges, to_point)
    squares = np.maximum(np.einsum("tei,tei->te", edges, edges), 1e-300)
    share = np.clip(along / squares, 0.0, 1.0)
    to_edge = np.linalg.norm(to_point - share[..., None] * edges, axis=2).min(axis=1)
    height = np.abs(np.einsum("ti,ti->t", to_point[:, 0], normal)) / np.maximum(length, 1e-300)
    return np.asarray(np.where(above, height, to_edge), np.float64)
