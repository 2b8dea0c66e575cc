"""The cameras of a shot: their intrinsics, and where the orbit and the rig put them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.geometry.distortion import Distortion
from renderer.geometry.projection import view_matrix
from renderer.plan.framing import (
    FrameTangents,
    distance_for_all,
    frame_of,
    orbit_rotation,
    place_at_distance,
    solve_fill,
    solve_fill_bent,
)
from renderer.plan.object_size import distance_for_size
from renderer.recipe import camera as spec
from renderer.recipe.calibration import read_calibration
from renderer.recipe.lens import LensModel
from renderer.recipe.rig import FULL_CIRCLE
from renderer.shot.camera import Camera, View
from renderer.shot.scene import to_matrix4
from renderer.values.draw import draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Stand:
    """Where one camera stands.

    Attributes:
        rotation: (3, 3) world to camera.
        position: (3,) in the world.
        azimuth_deg: its own on the orbit.

    """

    rotation: Array
    position: Array
    azimuth_deg: float


@dataclass(frozen=True)
class _Look:
    """How the orbit looks at the subject, drawn for one shot.

    Attributes:
        azimuth_deg: of the orbit's position, of a row of views the first.
        elevation_deg: above the horizon.
        roll_deg: about the view axis.
        framing: where in the frame the subject sits.
        distance: from the subject's centre in metres; None where another says how near.
        fill: the share of the frame that it spans; None where another says it.
        sides: the most it spans of the frame's width and of its height, where its size in pixels is
            what is said; else None.

    """

    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    framing: tuple[float, float]
    distance: float | None
    fill: float | None
    sides: tuple[float, float] | None

    @staticmethod
    def drawn(camera: spec.Camera, stream: Stream) -> _Look:
        """Draw it."""
        orbit = camera.orbit

        def draw(key: str, value: object) -> float:
            return draw_number(value, stream, f"camera.orbit.{key}")  # type: ignore[arg-type]

        by_distance, px = orbit.distance_m is not None, camera.object_px
        sides = None
        if px is not None:
            # Once an image: rejection favours no size.
            side = draw_number(px, stream.again(0), "camera.object_px")
            sides = side / camera.resolution[0], side / camera.resolution[1]
        return _Look(
            azimuth_deg=draw("azimuth_deg", orbit.azimuth_deg),
            elevation_deg=draw("elevation_deg", orbit.elevation_deg),
            roll_deg=draw("roll_deg", orbit.roll_deg),
            framing=(draw("framing.x", orbit.framing[0]), draw("framing.y", orbit.framing[1])),
            distance=draw("distance_m", orbit.distance_m) if by_distance else None,
            fill=None if by_distance or sides else draw("fill", orbit.fill_or_default),
            sides=sides,
        )


def view_names(camera: spec.Camera) -> tuple[str, ...]:
    """Return the names of the views that each shot of a recipe has, in their order."""
    if camera.rig is None:
        return ("",)
    if camera.rig.orbit is not None:
        return tuple(f"{at:02d}" for at in range(camera.rig.orbit.steps))
    return "left", "right"


def decide_views(
    camera: spec.Camera, folder: Path, hull: Array, stream: Stream
) -> tuple[View, ...]:
    """Draw the views of a subject by its hull (n, 3); ``folder`` is the recipe's.

    Two cameras side by side stand about the orbit's position, and see the subject together as large
    as ``fill`` says; of a row along the orbit all stand at one distance, from which none sees it
    larger. None of it is beyond the frame of any for being seen from elsewhere. With ``object_px``
    the subject is one object, and of a rig the view that shows it largest has it so large.
    """
    look, once = _Look.drawn(camera, stream), stream.again(0)
    K, distortion = _intrinsics(camera, folder, once)  # noqa: N806
    rows = tuple((float(x), float(y), float(z)) for x, y, z in K)
    lens = Camera(
        resolution=camera.resolution,
        K=(rows[0], rows[1], rows[2]),
        distortion=distortion,
        world_to_camera=to_matrix4(np.eye(4)),
    )
    frame, names = frame_of(lens), view_names(camera)
    closed = len(names) > 1
    if camera.rig is not None and camera.rig.orbit is not None:
        span = draw_number(camera.rig.orbit.span_deg, once, "camera.rig.orbit.span_deg")
        closed = span == FULL_CIRCLE
        steps = len(names) if closed else len(names) - 1
        azimuths = [look.azimuth_deg + span * at / steps for at in range(len(names))]
        stands = _along_orbit(look, azimuths, frame, hull)
    else:
        stands = _side_by_side(look, camera, lens, frame, hull, once)
    following = [*names[1:], names[0] if closed else None]
    return tuple(
        View(
            name=name,
            camera=lens.model_copy(
                update={"world_to_camera": to_matrix4(view_matrix(stand.rotation, stand.position))}
            ),
            azimuth_deg=stand.azimuth_deg % 360,
            elevation_deg=look.elevation_deg,
            roll_deg=look.roll_deg,
            next=after,
        )
        for name, stand, after in zip(names, stands, following, strict=True)
    )


def _side_by_side(
    look: _Look,
    camera: spec.Camera,
    lens: Camera,
    frame: FrameTangents,
    hull: Array,
    stream: Stream,
) -> list[_Stand]:
    """Return the one camera on the orbit, or the two of a stereo rig about its place."""
    rotation = orbit_rotation(look.azimuth_deg, look.elevation_deg, look.roll_deg)
    shifts = [np.zeros(3)]
    if camera.rig is not None and camera.rig.stereo is not None:
        path = "camera.rig.stereo.baseline_m"
        half = draw_number(camera.rig.stereo.baseline_m, stream, path) / 2
        shifts = [-half * rotation[0], half * rotation[0]]
    if look.distance is not None:
        position = place_at_distance(_center(hull), rotation, frame, look.distance, look.framing)
    elif look.sides is not None and len(shifts) == 1:
        position = solve_fill(hull, rotation, frame, look.sides, look.framing)
    elif look.sides is not None:
        views, framing = [(rotation, shift) for shift in shifts], _inside(look)
        distance = distance_for_size(hull - _center(hull), views, frame, look.sides, framing)
        position = place_at_distance(_center(hull), rotation, frame, distance, framing)
    else:
        assert look.fill is not None
        seen = np.concatenate([hull - shift for shift in shifts])
        if lens.distortion is None:
            fills = (look.fill, look.fill)
            position = solve_fill(seen, rotation, frame, fills, look.framing)
        else:
            position = solve_fill_bent(seen, rotation, frame, look.fill, look.framing, lens)
    return [_Stand(rotation, position + shift, look.azimuth_deg) for shift in shifts]


def _along_orbit(
    look: _Look, azimuths: list[float], frame: FrameTangents, hull: Array
) -> list[_Stand]:
    """Return cameras at some azimuths, all at one distance from the subject's centre."""
    rotations = [orbit_rotation(each, look.elevation_deg, look.roll_deg) for each in azimuths]
    center, framing, distance = _center(hull), look.framing, look.distance
    if look.sides is not None:
        framing, views = _inside(look), [(rotation, np.zeros(3)) for rotation in rotations]
        distance = distance_for_size(hull - center, views, frame, look.sides, framing)
    elif distance is None:
        assert look.fill is not None
        # Of what the subject leaves free of the frame, as where it is framed alone.
        framing = (framing[0] * (1 - look.fill), framing[1] * (1 - look.fill))
        distance = distance_for_all(hull - center, rotations, frame, look.fill, framing)
    return [
        _Stand(rotation, place_at_distance(center, rotation, frame, distance, framing), azimuth)
        for rotation, azimuth in zip(rotations, azimuths, strict=True)
    ]


def _inside(look: _Look) -> tuple[float, float]:
    """Return where a subject's centre is seen that is framed in what its size leaves free."""
    assert look.sides is not None
    (x, y), (across, down) = look.framing, look.sides
    return x * (1 - across), y * (1 - down)


def _center(hull: Array) -> Array:
    """Return the middle (3,) of the box around the corners (n, 3) of a subject."""
    middle: Array = (hull.min(0) + hull.max(0)) / 2
    return middle


def _intrinsics(
    camera: spec.Camera, folder: Path, stream: Stream
) -> tuple[Array, Distortion | None]:
    """Return ``K`` (3x3, pixels) and what the lens bends."""
    width, height = camera.resolution
    given, distortion = camera.intrinsics, None
    if camera.distortion is not None:
        values = [
            draw_number(value, stream, f"camera.distortion.{key}")
            for key, value in camera.distortion.coefficients.items()
        ]
        distortion = _distortion(camera.distortion.model, tuple(values))
    if given is None:
        focal_mm = draw_number(camera.focal_length_mm, stream, "camera.focal_length_mm")
        focal = focal_mm / camera.sensor_width_mm * width
        K = [[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]]  # noqa: N806
        return np.array(K, np.float64), distortion
    if given.file is not None:
        read = read_calibration(folder / given.file, given.camera)
        fx, fy, cx, cy = read.fx, read.fy, read.cx, read.cy
        if read.lens is not None:
            distortion = _distortion(read.lens, read.coefficients)
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
    K = [[fx * across, 0, cx * across], [0, fy * down, cy * down], [0, 0, 1]]  # noqa: N806
    return np.array(K, np.float64), distortion


def _distortion(model: LensModel, coefficients: tuple[float, ...]) -> Distortion | None:
    """Return what bends; None for a pinhole, which a fisheye never is."""
    if model == "brown" and not any(coefficients):
        return None
    return Distortion(model=model, coefficients=coefficients)
