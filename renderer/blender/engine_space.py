"""The world as the engine has it: float32, so what is seen is brought to its origin and to size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.shot.scene import Lamp, PatternState
from renderer.shot.shot import Shot

Array = npt.NDArray[np.float64]

# Subjects from such a radius (metres) on are rendered at their own size; smaller ones are scaled to
# about 1 m. Blender clips at 1e-6 m from the camera at the least, and a bevel or scattering radius
# of a material is in metres, so that sizes people use are better left alone.
_USUAL_M = 1e-2
# Nearer to the camera than this there must be nothing, or all is scaled up until there is not.
_NEAREST = 1e-4
# By so many pixels float32 may move what is nearest to the camera.
_SHIFT_PX = 0.005
_EPSILON = 2.0**-24


@dataclass(frozen=True)
class EngineSpace:
    """Takes the shot's world (float64, metres) to the engine's.

    Attributes:
        center: (3,) the point of the world that becomes the origin: the subject's centre, or where
            something is much nearer to the camera than that, the camera.
        scale: engine units a metre; a power of two, which changes no digit.

    """

    center: Array
    scale: float

    @staticmethod
    def of(shot: Shot, nearest_m: float) -> EngineSpace:
        """Return the space to render a shot in; ``nearest_m`` is the least depth in a view.


        Coordinates are rounded in proportion to their distance from the origin, pixels see things
        in proportion to theirs from the camera: about the camera nothing moves by more than a
        fixed share of a pixel. About the subject's centre, what the objects are made of stays put
        from shot to shot, which the engine need not send to the device again.
        """
        larger = max(1.0, _NEAREST / max(nearest_m, 1e-300))
        if shot.radius_m < _USUAL_M:
            larger = max(larger, 1.0 / max(shot.radius_m, 1e-300))
        cameras, center = [view.camera for view in shot.views], np.array(shot.center, np.float64)
        positions = [camera.position for camera in cameras]
        away = max(float(np.linalg.norm(position - center)) for position in positions)
        longest = max(float(camera.intrinsics.diagonal()[:2].max()) for camera in cameras)
        shift_px = _EPSILON * away / max(nearest_m, 1e-300) * longest
        return EngineSpace(
            positions[0] if shift_px > _SHIFT_PX else center,
            2.0 ** math.ceil(math.log2(larger)),
        )

    def point(self, position: Array) -> Array:
        """Return a point (3,) of the world in engine units."""
        return (position - self.center) * self.scale

    def matrix(self, to_world: Array) -> Array:
        """Return what takes model coordinates to the engine's world; ``to_world`` is (4, 4)."""
        moved = to_world.copy()
        moved[:3, 3] -= self.center
        moved[:3] *= self.scale
        return moved

    def camera_to_world(self, world_to_camera: Array) -> Array:
        """Return the camera's pose (4, 4) in the engine's world, rotation and position."""
        rotation, shift = world_to_camera[:3, :3], world_to_camera[:3, 3]
        pose = np.eye(4)
        pose[:3, :3] = rotation.T
        pose[:3, 3] = self.point(-rotation.T @ shift)
        return pose

    def lamp(self, lamp: Lamp) -> Lamp:
        """Return a lamp that gives the same light: watts go with the square of lengths."""
        x, y, z = self.point(np.array(lamp.position)).tolist()
        pattern = None if lamp.pattern is None else self._pattern(lamp.pattern)
        moved = {"position": (x, y, z), "pattern": pattern}
        if lamp.type == "sun":  # its size is an angle, its power is a square metre's
            return lamp.model_copy(update=moved)
        height = None if lamp.height is None else lamp.height * self.scale
        scaled = {"power": lamp.power * self.scale**2, "size": lamp.size * self.scale}
        return lamp.model_copy(update=moved | scaled | {"height": height})

    def _pattern(self, pattern: PatternState) -> PatternState:
        x, y, z = self.point(np.array(pattern.center)).tolist()
        lengths = {
            name: getattr(pattern, name) * self.scale for name in ("width", "height", "border")
        }
        return pattern.model_copy(update={"center": (x, y, z), **lengths})
