"""Where the camera stands: its orientation on the orbit, and the exact distance for a framing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.shot.camera import Camera

Array = npt.NDArray[np.float64]

# Halvings after which a share of the frame is known to a thousandth of a pixel.
_FILL_STEPS, _LEAST_FILL = 24, 1e-4


def orbit_rotation(azimuth_deg: float, elevation_deg: float, roll_deg: float) -> Array:
    """Return the rotation world → camera (3x3) of a camera that looks at the orbit's centre.

    Its rows are the camera's right, down and forward axes in the world. Azimuth 0 stands on -Y,
    azimuth 90 on +X; a positive roll turns the camera clockwise as its operator sees it.
    """
    azimuth, elevation, roll = (math.radians(a) for a in (azimuth_deg, elevation_deg, roll_deg))
    toward = np.array(
        [
            math.sin(azimuth) * math.cos(elevation),
            -math.cos(azimuth) * math.cos(elevation),
            math.sin(elevation),
        ]
    )
    forward = -toward
    right = np.array([math.cos(azimuth), math.sin(azimuth), 0.0])
    down = np.cross(forward, right)
    rolled_right = math.cos(roll) * right + math.sin(roll) * down
    rolled_down = math.cos(roll) * down - math.sin(roll) * right
    return np.stack([rolled_right, rolled_down, forward])


@dataclass(frozen=True)
class FrameTangents:
    """The frame in tangents of the view angle, across (x) and down (y).

    Attributes:
        middles: where its middle is: beside the axis, where the principal point is off the centre.
        halves: half its width and half its height.

    """

    middles: tuple[float, float]
    halves: tuple[float, float]

    @staticmethod
    def of(resolution: tuple[int, int], K: Array) -> FrameTangents:  # noqa: N803
        """Return the frame of a pinhole."""
        sides = zip(resolution, K.diagonal()[:2], K[:2, 2], strict=True)
        # Of a centred pinhole the difference is exactly 0.
        spans = [(float((side / 2 - c) / f), float(side / 2 / f)) for side, f, c in sides]
        (x, half_x), (y, half_y) = spans
        return FrameTangents((x, y), (half_x, half_y))


def frame_of(camera: Camera) -> FrameTangents:
    """Return the frame of a camera; of a lens that bends, a rectangle that it shows all of.

    Raises:
        LensError: it folds back within the frame, or sees too wide.

    """
    if camera.distortion is None:
        return FrameTangents.of(camera.resolution, camera.intrinsics)
    from renderer.geometry.overscan import inner_frame  # slow to load, and few lenses bend

    low, high = inner_frame(camera.K, camera.resolution, camera.distortion)
    (x, y), (half_x, half_y) = ((low + high) / 2).tolist(), ((high - low) / 2).tolist()
    return FrameTangents((x, y), (half_x, half_y))


def solve_fill(
    points: Array,
    rotation: Array,
    frame: FrameTangents,
    fills: tuple[float, float],
    framing: tuple[float, float],
) -> Array:
    """Return the camera position (3,) at which the points span exactly one of ``fills``, the share
    of the frame's width and that of its height, and no more than the other.

    ``framing`` places the box of the projection: 0 in the middle, -1 and 1 at the edges.

    For an orientation R and q = R p the projection is (q_x - c_x) / (q_z - c_z). That the
    leftmost point lies at tangent l and the rightmost at r gives two equations linear in c_x and
    c_z: c_x = min(q_x - l q_z) + l c_z = max(q_x - r q_z) + r c_z, so the depth is closed-form.
    """
    q = points @ rotation.T
    depths = []
    for axis, (half, fill) in enumerate(zip(frame.halves, fills, strict=True)):
        middle = frame.middles[axis] + framing[axis] * (1 - fill) * half
        low, high = middle - fill * half, middle + fill * half
        most = np.max(q[:, axis] - high * q[:, 2])
        least = np.min(q[:, axis] - low * q[:, 2])
        depths.append((most - least) / (low - high))
    depth = float(min(depths))
    tight = int(np.argmin(depths))
    position = np.array([0.0, 0.0, depth])
    for axis, (half, fill) in enumerate(zip(frame.halves, fills, strict=True)):
        if axis == tight:
            high = frame.middles[axis] + framing[axis] * (1 - fill) * half + fill * half
            position[axis] = np.max(q[:, axis] - high * q[:, 2]) + high * depth
        else:
            z = q[:, 2] - depth
            position[axis] = _solve_center(q[:, axis], z, frame.middles[axis], half, framing[axis])
    return position @ rotation


def solve_fill_bent(
    points: Array,
    rotation: Array,
    frame: FrameTangents,
    fill: float,
    framing: tuple[float, float],
    lens: Camera,
) -> Array:
    """Return the camera position (3,) at which the points span ``fill`` of a frame whose lens
    bends: where a pinhole of its ``frame`` would have them span another share of that.

    The span grows with that share, so bisection finds it. What the lens's fold would cut off spans
    too much.
    """
    low, high = _LEAST_FILL, 1.0
    for _ in range(_FILL_STEPS):
        share = (low + high) / 2
        position = solve_fill(points, rotation, frame, (share, share), framing)
        pixels = lens.outline((points - position) @ rotation.T)
        span = np.ptp(pixels[:, :2], axis=0) / lens.resolution
        if pixels[:, 2].min() <= 0 or span.max() > fill:
            high = share
        else:
            low = share
    return solve_fill(points, rotation, frame, (low, low), framing)


def _solve_center(q: Array, z: Array, middle: float, half: float, place: float) -> float:
    """Return c with which the projections (q - c) / z have their box at ``place`` of its free room
    in a frame of ``half`` its size about ``middle``.

    The box's place falls strictly as c grows, so bisection finds it to the last bit.
    """
    reach = 2 * half + abs(middle)
    low, high = float(np.min(q - reach * z)), float(np.max(q + reach * z))
    z = np.maximum(z, 1e-12)  # a corner that touches the camera; the pose is rejected later
    for _ in range(100):
        c = (low + high) / 2
        projected = (q - c) / z
        first, last = float(projected.min()), float(projected.max())
        if (first + last) / 2 - middle > place * (half - (last - first) / 2):
            low = c
        else:
            high = c
    return (low + high) / 2


def place_at_distance(
    center: Array,
    rotation: Array,
    frame: FrameTangents,
    distance: float,
    framing: tuple[float, float],
) -> Array:
    """Return the camera position (3,) at ``distance`` metres along the view axis from ``center``,
    moved sideways so that the centre appears at ``framing`` (1 is the frame's edge).
    """
    q = rotation @ center
    x, y = (
        q[axis] - (frame.middles[axis] + framing[axis] * frame.halves[axis]) * distance
        for axis in (0, 1)
    )
    position: Array = np.array([x, y, q[2] - distance]) @ rotation
    return position


def distance_for_all(
    points: Array,
    rotations: Sequence[Array],
    frame: FrameTangents,
    fill: float,
    framing: tuple[float, float],
) -> float:
    """Return the least distance from which no view shows the subject beyond ``fill`` of the frame.

    With its centre at ``framing`` (as in ``place_at_distance``), each point stays within ``fill``
    times half the frame of it, to all sides: a camera at distance d sees a point q from the centre
    at (q_x + t d) / (q_z + d), and that this is at most t + r is linear in d.

    Args:
        points: (n, 3) the subject's corners from its centre, in the world.
        rotations: (3, 3) each, world to camera.
        frame: the frame.
        fill: the share of the frame's half that the subject may reach from its centre.
        framing: where the centre is seen.

    """
    least = []
    for rotation in rotations:
        q = points @ rotation.T
        for axis, half in enumerate(frame.halves):
            middle, reach = frame.middles[axis] + framing[axis] * half, fill * half
            least.append(np.max(q[:, axis] - (middle + reach) * q[:, 2]) / reach)
            least.append(np.max((middle - reach) * q[:, 2] - q[:, axis]) / reach)
    return float(max(least))
