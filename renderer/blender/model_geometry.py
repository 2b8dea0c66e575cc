"""The geometry of a model's meshes as rays need it: triangles that can be met, hull, opacity."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from scipy.spatial import ConvexHull, QhullError

from renderer.asset import AssetError, Cutout, Geometry
from renderer.blender.bake import TO_MODEL
from renderer.blender.opacity import Opacity, TextureLookup, opacity_of

_SMALLEST_M, _LARGEST_M = 1e-5, 1e5
# What is so small beside the whole is a dot in any image of it.
_DOT = 1e-6
_EPSILON = 2.0**-23  # of float32


@dataclass(frozen=True)
class ModelGeometry:
    """What the camera can see of a model.

    Attributes:
        geometry: its triangles and hull, in the model frame.
        ray_traceable: rays can follow all of its opacity exactly.
        warnings: what is to be known of it.

    """

    geometry: Geometry
    ray_traceable: bool
    warnings: list[str]


@dataclass(frozen=True)
class _Triangles:
    """Some triangles (t, 3), their UV (t, 3, 2) float32, or None; which cutout."""

    vertices: np.ndarray
    uv: np.ndarray | None
    cutout: int


def matrix_of(mesh: bpy.types.Mesh) -> np.ndarray:
    """Return (4, 4) float64 what takes a mesh to the model frame."""
    return np.array(mesh[TO_MODEL], np.float64).reshape(4, 4)


def model_geometry(path: Path, meshes: list[bpy.types.Mesh]) -> ModelGeometry:
    """Return the geometry of a model, without what no camera can see.

    Raises:
        AssetError: it has no visible area, or numbers that are none; names the file.

    """
    cutouts: list[Cutout] = []
    found: list[_Triangles] = []
    points: list[np.ndarray] = []
    count = 0
    warnings: list[str] = []
    traceable = True
    for mesh in meshes:
        own, triangles, slots, loops = _read(mesh)
        points.append(own)
        folded = _folded(mesh, own[triangles])
        _check_finite(path, own[np.unique(triangles)])
        for slot in np.unique(slots):
            material = mesh.materials[slot] if slot < len(mesh.materials) else None
            mine = slots == slot
            opacity = opacity_of(material, mesh)
            if isinstance(opacity, TextureLookup) and (mine & folded).any():
                # Rays take no notice of a second surface in the very plane of a first.
                opacity = Opacity.ENGINE
            if opacity is Opacity.INVISIBLE:
                warnings.append(f"material {material.name} is invisible: its faces do not count")
                continue
            traceable = traceable and opacity is not Opacity.ENGINE
            if isinstance(opacity, TextureLookup):
                uv = _uv(mesh, opacity.uv_layer)[loops[mine]]
                found.append(_Triangles(count + triangles[mine], uv, len(cutouts)))
                cutouts.append(opacity.cutout)
            else:
                found.append(_Triangles(count + triangles[mine], None, -1))
        count += len(own)
    shape = _geometry(path, np.concatenate(points), found, tuple(cutouts))
    return ModelGeometry(shape, traceable, warnings)


def _read(mesh: bpy.types.Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points (v, 3) in the model frame, triangles (t, 3), material slots (t,) and loops
    (t, 3).
    """
    mesh.calc_loop_triangles()
    count = len(mesh.loop_triangles)
    points = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    matrix = matrix_of(mesh)
    if not np.array_equal(matrix, np.eye(4)):
        moved = points.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        points = moved.astype(np.float32)
    vertices, slots, loops = (np.empty(size, np.int32) for size in (count * 3, count, count * 3))
    mesh.loop_triangles.foreach_get("vertices", vertices)
    mesh.loop_triangles.foreach_get("material_index", slots)
    mesh.loop_triangles.foreach_get("loops", loops)
    return points, vertices.reshape(-1, 3), slots, loops.reshape(-1, 3)


def _folded(mesh: bpy.types.Mesh, corners: np.ndarray) -> np.ndarray:
    """Tell of triangles (t, 3, 3) which belong to a polygon that crosses itself (t,): its
    triangles lie over each other, and face either way.
    """
    polygon = np.empty(len(corners), np.int32)
    mesh.loop_triangles.foreach_get("polygon_index", polygon)
    a, b, c = np.moveaxis(corners.astype(np.float64), 1, 0)
    normals = np.cross(b - a, c - a)
    _, first, place = np.unique(polygon, return_index=True, return_inverse=True)
    against = np.einsum("ij,ij->i", normals, normals[first[place]]) < 0
    return np.isin(polygon, polygon[against])


def _uv(mesh: bpy.types.Mesh, layer: str) -> np.ndarray:
    flat = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers[layer].uv.foreach_get("vector", flat)
    return flat.reshape(-1, 2)


def _geometry(
    path: Path, points: np.ndarray, found: list[_Triangles], cutouts: tuple[Cutout, ...]
) -> Geometry:
    if not found:
        raise AssetError(f"{path} is invisible: every material of it is fully transparent")
    triangles = np.concatenate([each.vertices for each in found])
    area, large = _visible(points[triangles])
    if not large.any():
        raise AssetError(f"{path} has no area: all its faces collapse to a line or a point")
    framed = points[np.unique(triangles[large])]
    _check_size(path, framed)
    hull, hull_faces = _hull(framed)
    used, indices = np.unique(triangles[area], return_inverse=True)
    shape = Geometry(points[used], indices.reshape(-1, 3).astype(np.int32), hull, hull_faces)
    if not cutouts:
        return shape
    which = [np.full(len(each.vertices), each.cutout, np.int32) for each in found]
    uv = [
        np.zeros((len(each.vertices), 3, 2), np.float32) if each.uv is None else each.uv
        for each in found
    ]
    return replace(
        shape,
        cutouts=cutouts,
        cutout_of=np.concatenate(which)[area],
        uv=np.ascontiguousarray(np.concatenate(uv)[area]),
    )


def _visible(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell of triangles (t, 3, 3) which have more area than the rounding of their corners makes
    (t,), and which of them are no mere dots beside the whole (t,): those alone say how large a
    model is.
    """
    a, b, c = np.moveaxis(corners.astype(np.float64), 1, 0)
    sides = np.stack([b - a, c - b, a - c])
    longest = np.sqrt((sides**2).sum(axis=2).max(axis=0))
    u, v = b - a, c - a
    rounding = _EPSILON * np.abs(corners.astype(np.float64)).max(axis=1)
    noise = _cross_bound(rounding, np.abs(v)) + _cross_bound(np.abs(u), rounding)
    area = np.linalg.norm(np.cross(u, v), axis=1) > 2 * np.linalg.norm(noise, axis=1)
    if not area.any():
        return area, area
    size = float(np.ptp(corners[area].reshape(-1, 3).astype(np.float64), axis=0).max())
    return area, area & (longest > _DOT * size)


def _cross_bound(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return the largest (n, 3) that a cross product of vectors (n, 3) no longer than these is."""
    (px, py, pz), (qx, qy, qz) = p.T, q.T
    return np.stack([py * qz + pz * qy, pz * qx + px * qz, px * qy + py * qx], axis=1)


def _check_finite(path: Path, points: np.ndarray) -> None:
    broken = int((~np.isfinite(points).all(axis=1)).sum())
    if broken:
        raise AssetError(f"{path} has {broken} corners that are not numbers (NaN or infinite)")


def _check_size(path: Path, vertices: np.ndarray) -> None:
    longest = float(np.ptp(vertices.astype(np.float64), axis=0).max())
    if not _SMALLEST_M <= longest <= _LARGEST_M:
        raise AssetError(
            f"{path} is {longest:.3g} m long, which is no size of a thing: set unit on the object"
        )


def _hull(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the convex hull's corners and outward faces; of a flat model all its points."""
    points64 = points.astype(np.float64)
    try:
        hull = ConvexHull(points64)
    except QhullError:
        return np.unique(points, axis=0), np.empty((0, 3), np.int32)
    corners = hull.vertices
    place = np.full(len(points), -1)
    place[corners] = np.arange(len(corners))
    faces = place[hull.simplices]
    a, b, c = np.moveaxis(points64[hull.simplices], 1, 0)
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces[inward] = faces[inward][:, ::-1]
    return points[corners], faces.astype(np.int32)
