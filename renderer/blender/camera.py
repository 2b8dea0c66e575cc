"""Blender's camera, derived from ``K``: lens, shift and the shape of its pixels."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

# Blender's camera looks along -Z with Y up; ours (OpenCV) along +Z with Y down.
_OPENCV_TO_BLENDER = Matrix.Diagonal((1.0, -1.0, -1.0, 1.0))
_SENSOR_MM = 36.0


class SceneCamera:
    """The one camera of the scene."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        """Make it."""
        self._scene, self.lens = scene, bpy.data.cameras.new("camera")
        self.lens.sensor_fit = "HORIZONTAL"
        self._object = bpy.data.objects.new("camera", self.lens)
        scene.collection.objects.link(self._object)
        scene.camera = self._object

    def place(self, camera_to_world: np.ndarray) -> None:
        """Put it where a pose (4, 4) in OpenCV's axes says, in the engine's world."""
        self._object.matrix_world = Matrix(camera_to_world) @ _OPENCV_TO_BLENDER

    def set_intrinsics(self, K: np.ndarray, resolution: tuple[int, int]) -> None:  # noqa: N803
        """Give it intrinsics (3, 3) and a resolution.

        Blender holds sensor and lens to 1 mm at least; only their ratio matters. The sensor fits
        the width, and shifts are in widths, in which a pixel of another shape than a square counts
        by its aspect (at least 1 along either axis).
        """
        width, height = resolution
        render, aspect = self._scene.render, K[0, 0] / K[1, 1]
        render.resolution_x, render.resolution_y = resolution
        render.pixel_aspect_x, render.pixel_aspect_y = max(1 / aspect, 1.0), max(aspect, 1.0)
        lens, ratio = self.lens, K[0, 0] / width
        lens.sensor_width = max(_SENSOR_MM, 1 / ratio)
        lens.lens = ratio * max(_SENSOR_MM, 1 / ratio)
        lens.shift_x = (width / 2 - K[0, 2]) / width
        lens.shift_y = (K[1, 2] - height / 2) * aspect / width
