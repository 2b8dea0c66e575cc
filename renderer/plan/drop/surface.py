"""How far points are from a model's surface, exactly; and the frame in which that is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache, Geometry

Array = npt.NDArray[np.float64]
AnyFloats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class UnitFrame:
    """A model's frame about the middle of its box, its longest side one long: the engine works in
    float32, and a model far from its origin would lose its shape.

    Attributes:
        middle: (3,) where that is in the model frame.
        longest: the longest side, in metres of the model frame.

    """

    middle: Array
    longest: float

    def to_unit(self, points: AnyFloats) -> Array:
        """Return points (n, 3) of the model frame in this one."""
        moved: Array = (points.astype(np.float64) - self.middle) / self.longest
        return moved


def unit_frame(geometry: Geometry) -> UnitFrame:
    """Return the unit frame of a model."""
    hull = geometry.hull.astype(np.float64)
    low, high = hull.min(0), hull.max(0)
    return UnitFrame((low + high) / 2, max(float((high - low).max()), 1e-30))


class Surface:
    """The triangles of one model, in its unit frame."""

    def __init__(self, vertices: Array, triangles: npt.NDArray[np.int32]) -> None:
        """Build the tree that makes asking quick."""
        import rapier3d as rp

        self._world = rp.PhysicsWorld()
        self._world.set_num_threads(1)
        mesh = rp.Collider.trimesh(vertices.astype(np.float32), triangles.astype(np.uint32))
        self._world.add_collider(mesh)
        self._world.detect_collisions()
        self._world.update_query_pipeline()

    @staticmethod
    def of(geometry: Geometry) -> Surface:
        """Return the surface of a model."""
        return Surface(unit_frame(geometry).to_unit(geometry.vertices), geometry.triangles)

    def distances(self, points: Array) -> Array:
        """Return the distance (n,) of points (n, 3) from the nearest triangle."""
        ask = self._world.query_pipeline
        found = np.full(len(points), np.inf)
        for at, point in enumerate(points):
            hit = ask.project_point(tuple(point.tolist()), False)
            if hit is not None:
                near = hit[1].point
                found[at] = float(np.linalg.norm(point - (near.x, near.y, near.z)))
        return found


def surface_of(cache: AssetCache, key: str) -> Surface:
    """Return the surface of a cached model; the last few are kept in memory."""
    return _surface(str(cache.folder), key, cache)


@lru_cache(maxsize=48)
def _surface(_folder: str, key: str, cache: AssetCache) -> Surface:
    return Surface.of(cache.geometry(key))
