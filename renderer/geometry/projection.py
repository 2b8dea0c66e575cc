"""Points to pixels and pixels to rays: the pinhole.

OpenCV axes (x right, y down, z forward); pixel centres at integer + 0.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.geometry.distortion import Distortion

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def view_matrix(rotation: Array, position: Array) -> Array:
    """Return ``world_to_camera`` (4x4) of a camera with a rotation and a position in the world."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ position
    return matrix


def project(
    points: Array,
    K: Array,  # noqa: N803
    to_camera: Array,
    distortion: Distortion | None = None,
) -> Array:
    """Return pixel coordinates and depth (n, 3) of points (n, 3) that ``to_camera`` (4, 4) takes to
    the camera.
    """
    camera = points @ to_camera[:3, :3].T + to_camera[:3, 3]
    if distortion is None:
        pixels = camera @ K.T
        return np.column_stack([pixels[:, :2] / pixels[:, 2:], camera[:, 2]])
    bent = distortion.distorted(camera[:, :2] / camera[:, 2:])
    return np.column_stack([bent * K.diagonal()[:2] + K[:2, 2], camera[:, 2]])


def projectable(points: Array, to_camera: Array, distortion: Distortion | None = None) -> Mask:
    """Tell (n,) of which points (n, 3) ``project`` says where they fall: of those before the camera
    and not beyond the fold of its distortion.
    """
    camera = points @ to_camera[:3, :3].T + to_camera[:3, 3]
    found = np.asarray(camera[:, 2] > 0, np.bool_)
    if distortion is not None and found.any():
        found[found] = ~distortion.folds(camera[found, :2] / camera[found, 2:])
    return found


def pixel_rays(
    columns: Array,
    rows: Array,
    K: Array,  # noqa: N803
    distortion: Distortion | None = None,
) -> Array:
    """Return camera-frame directions (n, 3) with z = 1 through pixel positions (n,), (n,)."""
    x = (columns - K[0, 2]) / K[0, 0]
    y = (rows - K[1, 2]) / K[1, 1]
    if distortion is not None:
        x, y = distortion.undistorted(np.column_stack([x, y])).T
    return np.column_stack([x, y, np.ones_like(x)])


def level_depth(world_to_camera: Array, height: float, directions: Array) -> Array:
    """Return the depth (n,) at which rays (n, 3), in the camera frame with z = 1, meet a level
    plane of a height in the world, or infinity.
    """
    rotation, shift = world_to_camera[:3, :3], world_to_camera[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = (height + (rotation.T @ shift)[2]) / (directions @ rotation[:, 2])
    return np.where(depth > 0, depth, np.inf)
