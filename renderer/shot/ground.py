"""The floor as rays meet it: the plane that is seen under the objects, or catches their shadows.

It hides what is below it, in the picture and so in the labels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.geometry.projection import level_depth
from renderer.shot.camera import Camera
from renderer.shot.shot import Shot

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

# Half the floor's side in radii of the subject: its edge is at the horizon for any lens in use.
REACH = 400.0
# So far below zero, in the same: a flat model lies on the floor, not in it.
BELOW = 1e-4


def has_floor(shot: Shot) -> bool:
    """Tell whether there is a floor, be it one that is invisible but for the shadows on it."""
    return shot.background.floor is not None or shot.background.shadows


def floor_center(shot: Shot) -> Array:
    """Return the middle (3,) of the floor in the world, in metres."""
    x, y, _ = shot.center
    return np.array([x, y, -BELOW * shot.radius_m])


def floor_depth(shot: Shot, camera: Camera, directions: Array) -> Floats:
    """Return the depth (n,) at which rays meet the floor, or infinity.

    Args:
        shot: the shot.
        camera: the camera that rays go out from.
        directions: (n, 3) in the camera frame with z = 1.

    """
    view, center = camera.pose, floor_center(shot)
    depth = level_depth(view, center[2], directions)
    position = -view[:3, :3].T @ view[:3, 3]
    with np.errstate(invalid="ignore"):
        place = position[:2] + depth[:, None] * (directions @ view[:3, :2])
        there = (np.abs(place - center[:2]) <= REACH * shot.radius_m).all(axis=1)
    return np.where(there, depth, np.inf).astype(np.float32)
