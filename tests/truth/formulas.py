"""Depth and normals of solids by formula: what a view must have of them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from renderer.shot.camera import Camera
from renderer.shot.scene import Instance

# Half the angle of the dome, and the angle of one of its cells.
_OPENING, _CELL = np.radians(24), np.radians(0.1)

Truth = tuple[np.ndarray, np.ndarray]


@lru_cache(maxsize=1)
def dome() -> tuple[np.ndarray, np.ndarray]:
    """The part of the unit sphere about the origin that is around +Z and -Z, open between them: a
    whole sphere as fine would have ten million faces.
    """
    ticks = np.arange(-_OPENING, _OPENING + _CELL / 2, _CELL)
    x, y = np.meshgrid(np.tan(ticks), np.tan(ticks))
    up = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3)
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    side = len(ticks)
    a = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    faces = np.concatenate(
        [np.column_stack([a, a + 1, a + side]), np.column_stack([a + 1, a + side + 1, a + side])]
    )
    return np.concatenate([up, -up]), np.concatenate([faces, faces + len(up)]).astype(np.int32)


def rays_of(camera: Camera) -> np.ndarray:
    """(h, w, 3) directions through the pixel centres by K alone."""
    width, height = camera.resolution
    K = np.array(camera.K)
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], -1)


def _to_camera(camera: Camera, entry: Instance) -> np.ndarray:
    return np.array(camera.world_to_camera) @ np.array(entry.model_to_world)


def _facing(normal: np.ndarray, rays: np.ndarray) -> np.ndarray:
    away = (normal * rays).sum(-1, keepdims=True) > 0
    return np.where(away, -normal, normal)


def dome_truth(camera: Camera, entry: Instance) -> Truth:
    """Depth (h, w) and normal (h, w, 3) of the dome."""
    to_camera, rays = _to_camera(camera, entry), rays_of(camera)
    center = to_camera[:3, 3]
    dot, square = rays @ center, (rays**2).sum(-1)
    inside = dot**2 - square * (center @ center - entry.scale**2)
    root = np.sqrt(np.maximum(inside, 0))
    depth = np.full(dot.shape, np.inf)
    for t in ((dot + root) / square, (dot - root) / square):
        points = (t[..., None] * rays - center) @ to_camera[:3, :3] / entry.scale**2
        edge = np.tan(_OPENING)
        on = (np.abs(points[..., :2]) <= edge * np.abs(points[..., 2:])).all(-1) & (inside > 0)
        depth = np.where(on, t, depth)
    normal = (np.where(np.isfinite(depth), depth, 0)[..., None] * rays - center) / entry.scale
    return depth, _facing(normal, rays)


def _slabs(camera: Camera, entry: Instance, low: np.ndarray, high: np.ndarray) -> Truth:
    """A box of the model frame by the slab method; one of no thickness is a sheet."""
    to_camera, rays = _to_camera(camera, entry), rays_of(camera)
    turn = to_camera[:3, :3] / entry.scale
    direction = rays @ turn / entry.scale
    origin = -(turn.T @ to_camera[:3, 3]) / entry.scale
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(low - origin) / direction, (high - origin) / direction])
    near, far = ends.min(0), ends.max(0)
    enter, leave = near.max(-1), far.min(-1)
    hit = (enter <= leave + 1e-12) & (enter > 0)
    axis = near.argmax(-1)
    normal = np.moveaxis(turn[:, axis], 0, -1)
    return np.where(hit, enter, np.inf), _facing(normal, rays)


def box_truth(camera: Camera, entry: Instance) -> Truth:
    """Depth (h, w) and normal (h, w, 3) of the box of 0.6 x 0.4 x 0.8."""
    return _slabs(camera, entry, np.array([-0.3, -0.2, 0]), np.array([0.3, 0.2, 0.8]))


def sheet_truth(camera: Camera, entry: Instance) -> Truth:
    """Depth (h, w) and normal (h, w, 3) of the upright sheet of 1 x 1."""
    return _slabs(camera, entry, np.array([-0.5, 0, 0]), np.array([0.5, 0, 1]))
