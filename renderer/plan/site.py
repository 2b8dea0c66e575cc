"""What light is set up around: the subject, and on which side of it the camera stands."""

from __future__ import annotations

import math
from dataclasses import dataclass

from renderer.effects.draws import Draws
from renderer.shot.camera import Camera
from renderer.shot.scene import Lamp, Vector, WorldState
from renderer.values.number import Number


@dataclass(frozen=True)
class Light:
    """All the light of a shot."""

    world: WorldState
    lamps: tuple[Lamp, ...]


@dataclass(frozen=True)
class Site:
    """What light is set up around.

    Attributes:
        center: the subject's middle, in metres.
        radius: the subject's radius, in metres.
        camera_deg: the azimuth at which the (first) camera stands about the subject.

    """

    center: Vector
    radius: float
    camera_deg: float

    @staticmethod
    def before(camera: Camera, center: Vector, radius: float) -> Site:
        """Return the site of a subject before a camera. Straight above it is at azimuth 0."""
        x, y, _ = (float(a) - b for a, b in zip(camera.position, center, strict=True))
        far = math.hypot(x, y) > 1e-9 * max(radius, 1e-300)
        # Last bits of angles differ between processors, and plans may not.
        return Site(center, radius, round(math.degrees(math.atan2(x, -y)), 9) if far else 0.0)

    def at(self, azimuth_deg: float, elevation_deg: float, radii: float) -> Vector:
        """Return the point (metres) in a direction from the subject, so many radii away."""
        return moved(self.center, outward(azimuth_deg, elevation_deg), radii * self.radius)

    def azimuth(
        self, draws: Draws, azimuth_deg: Number | None, key_angle_deg: Number | None
    ) -> float:
        """Draw the azimuth of a light, by itself or from the camera; else it is any."""
        if key_angle_deg is not None:
            return self.camera_deg + draws.number("key_angle_deg", key_angle_deg)
        if azimuth_deg is not None:
            return draws.number("azimuth_deg", azimuth_deg)
        return 360 * draws.unit("azimuth_deg")


def outward(azimuth_deg: float, elevation_deg: float) -> Vector:
    """Return the unit vector from the subject towards an azimuth and elevation."""
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    level = math.cos(elevation)
    return math.sin(azimuth) * level, -math.cos(azimuth) * level, math.sin(elevation)


def moved(point: Vector, along: Vector, length: float) -> Vector:
    """Return a point moved along a vector."""
    x, y, z = (a + length * b for a, b in zip(point, along, strict=True))
    return x, y, z


def reverse(vector: Vector) -> Vector:
    """Return the opposite vector."""
    return -vector[0], -vector[1], -vector[2]


def cross(a: Vector, b: Vector) -> Vector:
    """Return the cross product of two vectors."""
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def combined(a: Vector, of_a: float, b: Vector, of_b: float) -> Vector:
    """Return a sum of two vectors, each by its factor."""
    x, y, z = (of_a * p + of_b * q for p, q in zip(a, b, strict=True))
    return x, y, z
