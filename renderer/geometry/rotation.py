"""Rotations of objects: by angles, at random, and onto a side they can lie on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from renderer.asset import Geometry
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]


def euler(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """Return Rz(yaw) Rx(pitch) Ry(roll): tilt to the side, then forward, then turn about up."""
    cy, cp, cr = (math.cos(math.radians(a)) for a in (yaw_deg, pitch_deg, roll_deg))
    sy, sp, sr = (math.sin(math.radians(a)) for a in (yaw_deg, pitch_deg, roll_deg))
    turn = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    side = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
    rotation: Array = turn @ tilt @ side
    return rotation


def any_rotation(stream: Stream, path: str) -> Array:
    """Return a rotation uniform over SO(3) (Shoemake 1992, Uniform random rotations)."""
    a, b, c = (stream.unit(f"{path}.orientation", name) for name in "abc")
    x, y = (
        math.sqrt(1 - a) * math.sin(2 * math.pi * b),
        math.sqrt(1 - a) * math.cos(2 * math.pi * b),
    )
    z, w = math.sqrt(a) * math.sin(2 * math.pi * c), math.sqrt(a) * math.cos(2 * math.pi * c)
    matrix: Array = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return matrix


def rest_on_side(rotation: Array, geometry: Geometry) -> Array:
    """Turn a rotated model by the least angle onto a side it can lie on without tipping.

    A hull face is such a side when the centre of the hull's corners, dropped onto its plane, falls
    inside it. Faces too small to matter (under 1 % of the largest) are left out.
    """
    faces = geometry.hull_faces
    if len(faces) == 0:
        return rotation
    corners = geometry.hull.astype(np.float64)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1)
    keep = areas > 0.01 * areas.max()
    corners, normals = corners[keep], normals[keep] / areas[keep, None]
    center = _volume_center(geometry)
    inside = np.ones(len(corners), bool)
    for at in range(3):
        edge = corners[:, (at + 1) % 3] - corners[:, at]
        side = np.einsum("ij,ij->i", np.cross(edge, center - corners[:, at]), normals)
        # A flat side is several triangles, and the centre may fall on the line between two.
        inside &= side >= -1e-6 * areas[keep]
    if not inside.any():
        return rotation
    world = normals[inside] @ rotation.T
    return _turn(world[np.argmin(world[:, 2])], np.array([0.0, 0.0, -1.0])) @ rotation


def _volume_center(geometry: Geometry) -> Array:
    """Return the centroid of the convex hull's volume, by signed tetrahedra about its mean."""
    hull = geometry.hull.astype(np.float64)
    middle: Array = hull.mean(0)
    a, b, c = np.moveaxis(hull[geometry.hull_faces] - middle, 1, 0)
    volumes = np.einsum("ij,ij->i", a, np.cross(b, c))
    if abs(volumes.sum()) < 1e-30:
        return middle
    center: Array = middle + (volumes[:, None] * (a + b + c)).sum(0) / (4 * volumes.sum())
    return center


def _turn(start: Array, end: Array) -> Array:
    """Return the smallest rotation that takes one unit vector to another (Rodrigues)."""
    axis, cosine = np.cross(start, end), float(start @ end)
    if cosine < -1 + 1e-12:
        return np.diag([1.0, -1.0, -1.0])
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turned: Array = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return turned
