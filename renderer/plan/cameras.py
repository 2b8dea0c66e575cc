"""The cameras of a shot: their intrinsics, and where the orbit and the rig put them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.geometry.projection import view_matrix
from renderer.plan.framing import FrameTangents, orbit_rotation, place_at_distance, solve_fill
from renderer.recipe import camera as spec
from renderer.recipe.calibration import read_calibration
from renderer.shot.camera import Camera, View
from renderer.shot.scene import to_matrix4
from renderer.values.draw import draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]


def view_names(camera: spec.Camera) -> tuple[str, ...]:
    """Return the names of the views that each shot of a recipe has, in their order."""
    return ("",) if camera.rig is None else ("left", "right")


def decide_views(
    camera: spec.Camera, folder: Path, hull: Array, stream: Stream
) -> tuple[View, ...]:
    """Draw the views of a subject by its hull (n, 3); ``folder`` is the recipe's.

    The cameras of a rig stand about the orbit's position, and see the subject together as large as
    ``fill`` says: none of it is beyond the frame of any for being seen from beside.
    """

    def draw(key: str, value: object) -> float:
        return draw_number(value, stream, f"camera.{key}")  # type: ignore[arg-type]

    orbit = camera.orbit
    azimuth = draw("orbit.azimuth_deg", orbit.azimuth_deg)
    elevation = draw("orbit.elevation_deg", orbit.elevation_deg)
    roll = draw("orbit.roll_deg", orbit.roll_deg)
    framing = (
        draw("orbit.framing.x", orbit.framing[0]),
        draw("orbit.framing.y", orbit.framing[1]),
    )
    K = _intrinsics(camera, folder, stream.again(0))  # noqa: N806
    rotation, frame = (
        orbit_rotation(azimuth, elevation, roll),
        FrameTangents.of(camera.resolution, K),
    )
    shifts = _shifts(camera, rotation, stream.again(0))
    if orbit.distance_m is not None:
        distance = draw("orbit.distance_m", orbit.distance_m)
        center = (hull.min(0) + hull.max(0)) / 2
        position = place_at_distance(center, rotation, frame, distance, framing)
    else:
        fill = draw("orbit.fill", orbit.fill_or_default)
        seen = np.concatenate([hull - shift for shift in shifts])
        position = solve_fill(seen, rotation, frame, fill, framing)
    rows = [tuple(float(cell) for cell in row) for row in K]
    return tuple(
        View(
            name=name,
            camera=Camera(
                resolution=camera.resolution,
                K=rows,
                world_to_camera=to_matrix4(view_matrix(rotation, position + shift)),
            ),
            azimuth_deg=azimuth % 360,
            elevation_deg=elevation,
            roll_deg=roll,
        )
        for name, shift in zip(view_names(camera), shifts, strict=True)
    )


def _shifts(camera: spec.Camera, rotation: Array, stream: Stream) -> list[Array]:
    """Return how far (3,) each camera of the rig stands from the orbit's position."""
    if camera.rig is None:
        return [np.zeros(3)]
    path = "camera.rig.stereo.baseline_m"
    half = draw_number(camera.rig.stereo.baseline_m, stream, path) / 2
    return [-half * rotation[0], half * rotation[0]]


def _intrinsics(camera: spec.Camera, folder: Path, stream: Stream) -> Array:
    """Return ``K`` (3x3, pixels)."""
    width, height = camera.resolution
    given = camera.intrinsics
    if given is None:
        focal_mm = draw_number(camera.focal_length_mm, stream, "camera.focal_length_mm")
        focal = focal_mm / camera.sensor_width_mm * width
        return np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float64)
    if given.file is not None:
        read = read_calibration(folder / given.file, given.camera)
        fx, fy, cx, cy = read.fx, read.fy, read.cx, read.cy
        wide, high = read.resolution or given.resolution or camera.resolution
    else:
        wide, high = given.resolution or camera.resolution
        assert given.fx is not None
        fx = draw_number(given.fx, stream, "camera.intrinsics.fx")
        fy, cx, cy = (
            default if value is None else draw_number(value, stream, f"camera.intrinsics.{key}")
            for key, value, default in (
                ("fy", given.fy, fx),
                ("cx", given.cx, wide / 2),
                ("cy", given.cy, high / 2),
            )
        )
    across, down = width / wide, height / high
    return np.array(
        [[fx * across, 0, cx * across], [0, fy * down, cy * down], [0, 0, 1]], np.float64
    )
