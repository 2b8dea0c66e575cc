"""The camera of a shot: OpenCV axes (x right, y down, z forward), ``X_camera = world_to_camera @
X_world``.
"""

from __future__ import annotations

from renderer.asset import Matrix4
from renderer.shot.scene import Frozen, Matrix3


class CameraPose(Frozen):
    """Intrinsics and pose. ``K`` is in pixels; pixel centres lie at integer + 0.5."""

    resolution: tuple[int, int]
    focal_length_mm: float
    sensor_width_mm: float
    K: Matrix3
    world_to_camera: Matrix4
    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
