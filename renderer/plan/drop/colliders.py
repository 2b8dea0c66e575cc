"""What a model is to physics: convex pieces that contain it, found once and kept beside its import.

A model whose hull stays near its surface is its hull; another (a bowl, a mug with its handle) is
decomposed, or things would rest on air.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache, Geometry
from renderer.plan.drop.piece import Piece
from renderer.plan.drop.surface import Surface, unit_frame

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]

# A hull stands for its model where it is nowhere farther from it; lengths are shares of the model's
# longest side.
NEAR = 0.01
# So much a piece may shrink by having fewer corners.
_SHRINK = 2e-3
# A sheet is given this thickness: a hull needs a volume.
_SHEET = 2e-3
# Points of a hull's surface that are looked at.
_SAMPLES = 800
# Points of a model's surface that its pieces must contain, but for this.
_SURFACE, _LOST = 8000, 2e-4
# Pieces found otherwise are kept apart.
_VERSION = "2"


@dataclass(frozen=True)
class Pieces:
    """A model as convex pieces, in its unit frame (``unit_frame``).

    Attributes:
        parts: its pieces.
        deviation: how far their hull is from the model's surface at most.

    """

    parts: tuple[Piece, ...]
    deviation: float

    @property
    def volume(self) -> float:
        """Their volume, where they do not overlap; the model is one long."""
        return sum(part.volume for part in self.parts)


def pieces_of(cache: AssetCache, key: str) -> Pieces:
    """Return the pieces of a cached model; they are kept on disk, and the last few in memory."""
    return _pieces(str(cache.folder), key, cache)


@lru_cache(maxsize=512)
def _pieces(_folder: str, key: str, cache: AssetCache) -> Pieces:
    path = cache.derived_file(f"colliders-{_VERSION}-rapier3d", key)
    try:
        return _load(path)
    except (OSError, ValueError, KeyError, EOFError):
        pieces = find_pieces(cache.geometry(key))
        _save(pieces, path)
        return pieces


def find_pieces(geometry: Geometry) -> Pieces:
    """Return a model's pieces: pure, and slow where it is decomposed."""
    frame = unit_frame(geometry)
    hull = frame.to_unit(geometry.hull)
    flat = _thickened(hull)
    if flat is not None:
        return Pieces((Piece(flat.astype(np.float32)),), 0.0)
    surface = Surface.of(geometry)
    deviation = float(surface.distances(_points_on(hull)).max())
    if deviation <= NEAR:
        return Pieces((Piece(_with_fewer_corners(hull)),), deviation)
    parts = _containing(_decomposed(geometry) or [hull], geometry)
    return Pieces(tuple(Piece(_with_fewer_corners(part)) for part in parts), deviation)


def _decomposed(geometry: Geometry) -> list[Array]:
    import rapier3d as rp

    frame = unit_frame(geometry)
    vertices = frame.to_unit(geometry.vertices).astype(np.float32)
    shape = rp.SharedShape.convex_decomposition(vertices, geometry.triangles.astype(np.uint32))
    compound = shape.as_compound()
    if compound is None:
        return []
    parts = []
    for place, part in compound.shapes():
        solid = part.as_convex_polyhedron()
        if solid is not None and solid.num_points() >= 4:
            moved = place.to_matrix().reshape(4, 4)
            parts.append(np.asarray(solid.points, np.float64) @ moved[:3, :3].T + moved[:3, 3])
    return parts


def _containing(parts: list[Array], geometry: Geometry) -> list[Array]:
    """Return pieces grown to contain the model's surface: a decomposition cuts bits off, and what
    lies on a piece would be in the model there. Each point goes to the piece that it is nearest to.
    """
    from scipy.spatial import ConvexHull

    vertices = unit_frame(geometry).to_unit(geometry.vertices)
    used = vertices[np.unique(geometry.triangles)]
    points = np.concatenate([used, _spread(vertices[geometry.triangles], _SURFACE)])
    planes = [ConvexHull(part).equations for part in parts]
    outside = np.stack([(points @ each[:, :3].T + each[:, 3]).max(1) for each in planes])
    nearest = outside.argmin(0)
    lost = outside.min(0) > _LOST
    return [np.concatenate([part, points[lost & (nearest == at)]]) for at, part in enumerate(parts)]


def _thickened(hull: Array) -> Array | None:
    """Return a sheet's corners with a thickness, or None for what has one of its own."""
    middle = hull.mean(0)
    # The directions of least spread come last; a sheet has next to none in one of them.
    axes = np.linalg.svd(hull - middle, full_matrices=True)[2]
    thin = [axis for axis in axes if float(np.ptp(hull @ axis)) < _SHEET]
    if not thin:
        return None
    for axis in thin:
        hull = np.concatenate([hull + axis * _SHEET / 2, hull - axis * _SHEET / 2])
    return hull


def _points_on(hull: Array) -> Array:
    """Return points (n, 3) spread evenly over a convex hull's surface, always the same ones."""
    from scipy.spatial import ConvexHull

    return _spread(hull[ConvexHull(hull).simplices], _SAMPLES)


def _spread(corners: Array, count: int) -> Array:
    """Return points (count, 3) spread evenly over triangles (t, 3, 3), always the same ones."""
    areas = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    steps = (np.arange(count) + 0.5) / count
    face = np.searchsorted(np.cumsum(areas), steps * areas.sum()).clip(0, len(corners) - 1)
    u = (np.arange(count) * 0.7548776662466927) % 1.0
    v = (np.arange(count) * 0.5698402909980532) % 1.0
    over = u + v > 1
    u[over], v[over] = 1 - u[over], 1 - v[over]
    a, b, c = np.moveaxis(corners[face], 1, 0)
    found: Array = a + u[:, None] * (b - a) + v[:, None] * (c - a)
    return found


def _with_fewer_corners(points: Array) -> Floats:
    """Return the corners of a convex piece, those left out that hardly change its shape: the engine
    takes longer for each.

    One after the other that is farthest outside is put to those that have been chosen.
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        corners: Array = points[np.sort(ConvexHull(points).vertices)]
        chosen = np.unique(np.argmax(corners @ _CUBE.T, axis=0))
        hull = ConvexHull(corners[chosen], incremental=True)
        while len(chosen) < len(corners):
            outside = (corners @ hull.equations[:, :3].T + hull.equations[:, 3]).max(1)
            farthest = int(np.argmax(outside))
            if outside[farthest] <= _SHRINK:
                break
            chosen = np.append(chosen, farthest)
            hull.add_points(corners[farthest : farthest + 1])
    except QhullError:  # next to flat
        return np.asarray(points, np.float32)
    return np.asarray(corners[np.sort(chosen)], np.float32)


# To the corners, edges and faces of a cube.
_CUBE = np.array(
    [
        (x, y, z)
        for x in (-1, 0, 1)
        for y in (-1, 0, 1)
        for z in (-1, 0, 1)
        if (x, y, z) != (0, 0, 0)
    ]
)


def _save(pieces: Pieces, path: Path) -> None:
    """Write the pieces whole or not at all: another process may be at the same."""
    buffer = io.BytesIO()
    parts = {f"part_{at}": part.corners for at, part in enumerate(pieces.parts)}
    np.savez(buffer, deviation=np.array(pieces.deviation), **parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(buffer.getvalue())
    draft.replace(path)


def _load(path: Path) -> Pieces:
    with np.load(path, allow_pickle=False) as stored:
        count = sum(name.startswith("part_") for name in stored.files)
        parts = tuple(Piece(stored[f"part_{at}"]) for at in range(count))
        return Pieces(parts, float(stored["deviation"]))
