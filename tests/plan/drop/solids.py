"""Solids for what is dropped, and how far two of them are from each other, without the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.plan import Planner
from tests import shapes

Array = npt.NDArray[np.float64]


def bowl(radius: float = 1.0, wall: float = 0.1, rings: int = 12) -> tuple[Array, Any]:
    """A half sphere open at the top, standing on its lowest point at z = 0."""
    segments = 2 * rings
    turns = 2 * np.pi * np.arange(segments) / segments
    rows = []
    for r, order in ((radius, 1), (radius - wall, -1)):
        polar = np.pi / 2 * np.arange(1, rings + 1) / rings
        for angle in polar[::order]:
            flat = r * np.sin(angle)
            rows.append(
                np.column_stack(
                    [
                        flat * np.cos(turns),
                        flat * np.sin(turns),
                        np.full(segments, radius - r * np.cos(angle)),
                    ]
                )
            )
    points = np.concatenate([*rows, [[0, 0, 0]], [[0, 0, wall]]])
    faces = []
    for ring in range(len(rows) - 1):
        for at in range(segments):
            a, b = ring * segments + at, ring * segments + (at + 1) % segments
            faces += [(a, b, b + segments), (a, b + segments, a + segments)]
    below, inside = len(points) - 2, len(points) - 1
    last = (len(rows) - 1) * segments
    for at in range(segments):
        after = (at + 1) % segments
        faces.append((below, after, at))
        faces.append((inside, last + at, last + after))
    return points, np.array(faces, np.int32)


def cylinder(radius: float, height: float, sides: int = 24) -> tuple[Array, Any]:
    """An upright cylinder standing on z = 0."""
    turns = 2 * np.pi * np.arange(sides) / sides
    ring = np.column_stack([radius * np.cos(turns), radius * np.sin(turns), np.zeros(sides)])
    points = np.concatenate([ring, ring + (0, 0, height), [[0, 0, 0]], [[0, 0, height]]])
    faces = []
    for at in range(sides):
        after = (at + 1) % sides
        faces += [(at, after, after + sides), (at, after + sides, at + sides)]
        faces += [(2 * sides, after, at), (2 * sides + 1, at + sides, after + sides)]
    return points, np.array(faces, np.int32)


SOLIDS: dict[str, Any] = {
    "box": shapes.box((0.12, 0.08, 0.05)),
    "ball": shapes.sphere(0.04, rings=8),
    "can": cylinder(0.035, 0.1),
}


def recipe(drop: Any, objects: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """A recipe of a dozen things that are dropped."""
    return {
        "name": "dropped",
        "images": 100,
        "objects": objects
        or [
            {"asset": f"{name}.ply", "category": name, "count": 4}
            for name in ("box", "ball", "can")
        ],
        "arrangement": {"drop": drop},
        "accept": {"min_visibility": 0.0, "max_truncation": 1.0, "tries": 10},
        **more,
    }


def world_points(planner: Planner, entry: Any) -> Array:
    """The vertices (n, 3) of an object in the world."""
    points = planner.cache.geometry(entry.asset).vertices.astype(float)
    matrix = np.array(entry.model_to_world)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def world_planes(points: Array) -> Array:
    """The planes (k, 4) of the convex hull of some points: normals to the outside, offsets."""
    from scipy.spatial import ConvexHull

    return np.unique(np.round(ConvexHull(points).equations, 9), axis=0)


def separation(a: Array, b: Array) -> float:
    """How far two convex solids are apart, negative: how deep they are in each other. Axes: normals
    of both, and cross products of edges of both. Between vertices it is a lower bound of the gap.
    """
    planes_a, planes_b = world_planes(a)[:, :3], world_planes(b)[:, :3]
    directions = [planes_a, planes_b]
    crossed = np.cross(edges(a)[:, None], edges(b)[None]).reshape(-1, 3)
    length = np.linalg.norm(crossed, axis=1)
    directions.append(crossed[length > 1e-6] / length[length > 1e-6, None])
    axes = np.concatenate(directions)
    best = -np.inf
    for some in np.array_split(axes, max(1, len(axes) // 2000)):
        on_a, on_b = a @ some.T, b @ some.T
        gap = np.maximum(on_b.min(0) - on_a.max(0), on_a.min(0) - on_b.max(0))
        best = max(best, float(gap.max()))
    return best


def edges(points: Array) -> Array:
    """Unit directions (k, 3) of the edges of a convex solid."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull(points)
    pairs = {
        tuple(sorted(p)) for s in hull.simplices for p in ((s[0], s[1]), (s[1], s[2]), (s[0], s[2]))
    }
    found = np.array([points[b] - points[a] for a, b in sorted(pairs)])
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    found *= np.sign(found[np.arange(len(found)), np.abs(found).argmax(1)])[:, None]
    return np.unique(np.round(found, 6), axis=0)
