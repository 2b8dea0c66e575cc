"""Points to pixels and pixels to rays: the pinhole.

OpenCV axes (x right, y down, z forward); pixel centres at integer + 0.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.geometry.distortion import Distortion

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


# Points by which an edge is followed that a lens bends to an arc: of one as long as the largest
# frame, the arc is within a tenth of a pixel of the chords between them.
_ARC = 128


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


def outline(
    points: Array,
    K: Array,  # noqa: N803
    to_camera: Array,
    distortion: Distortion | None = None,
) -> Array:
    """Return pixel positions and depths (m, 3) in whose box is all of a convex body by its corners
    (n, 3). A lens that bends makes arcs of its edges, so that corners alone are not enough.

    Where a part of it is behind the camera or beyond the lens's fold, there is no such box, and a
    depth that is not above 0.
    """
    if distortion is None:
        return project(points, K, to_camera)
    camera = points @ to_camera[:3, :3].T + to_camera[:3, 3]
    nearest, farthest = camera[:, 2].min(), camera[:, 2].max()
    flat = camera[:, :2] / np.where(camera[:, 2:] == 0, 1, camera[:, 2:])
    if nearest <= 0 or distortion.folds(flat).any():
        nowhere = np.zeros((2, 3))
        nowhere[:, 2] = min(nearest, 0.0), farthest
        return nowhere
    corners = _convex(flat)
    following = np.roll(corners, -1, axis=0)
    along = np.linspace(0, 1, _ARC, endpoint=False)[:, None, None]
    edges = (corners + along * (following - corners)).reshape(-1, 2)
    pixels = distortion.distorted(edges) * K.diagonal()[:2] + K[:2, 2]
    depths = np.full(len(pixels), nearest)
    depths[-1] = farthest
    return np.column_stack([pixels, depths])


def _convex(flat: Array) -> Array:
    """Return those (m, 2) of some points (n, 2) that are corners of their convex outline."""
    import cv2  # only where a lens bends

    middle, size = flat.mean(axis=0), max(float(np.ptp(flat, axis=0).max()), 1e-30)
    near = ((flat - middle) / size).astype(np.float32)
    return np.asarray(flat[cv2.convexHull(near, returnPoints=False)[:, 0]], np.float64)


def pixel_rays(
    columns: Array,
    rows: Array,
    K: Array,  # noqa: N803
    distortion: Distortion | None = None,
) -> Array:
    """Return camera-frame directions (n, 3) with z = 1 through pixel positions (n,), (n,); NaN
    where the lens brings no ray.
    """
    x = (columns - K[0, 2]) / K[0, 0]
    y = (rows - K[1, 2]) / K[1, 1]
    if distortion is not None:
        x, y = distortion.undistorted(np.column_stack([x, y])).T
    return np.column_stack([x, y, np.where(np.isnan(x), np.nan, 1.0)])


def level_depth(world_to_camera: Array, height: float, directions: Array) -> Array:
    """Return the depth (n,) at which rays (n, 3), in the camera frame with z = 1, meet a level
    plane of a height in the world, or infinity.
    """
    rotation, shift = world_to_camera[:3, :3], world_to_camera[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = (height + (rotation.T @ shift)[2]) / (directions @ rotation[:, 2])
    return np.where(depth > 0, depth, np.inf)
