"""Which points of objects a camera sees: in the frame, and with nothing before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.geometry.projection import project, projectable
from renderer.shot.camera import Camera
from renderer.shot.scene import Instance
from renderer.truth.ray_casting import RayCasting

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_HERE = np.eye(4)


@dataclass(frozen=True)
class Points:
    """Points of one object.

    Attributes:
        entry: the object.
        camera: (n, 3) their places in the camera's frame, in metres.
        before: (n,) metres along the ray before a point in which a surface does not hide it.
        own: (n,) the same of the object's own surface.

    """

    entry: Instance
    camera: Array
    before: Array
    own: Array


@dataclass(frozen=True)
class Sight:
    """How the points of one object are seen.

    Attributes:
        pixels: (n, 2) continuous positions, pixel centres at integer + 0.5; infinite behind the
            camera, and where the lens's distortion folds back.
        in_frame: (n,) whether they are before the camera and in the frame.
        free: (n,) whether they are in the frame and nothing is before them.
        behind: objects that rays take as solid, and are not, and by which alone a point is hidden.

    """

    pixels: Array
    in_frame: Mask
    free: Mask
    behind: tuple[Instance, ...]


def sight_of(casting: RayCasting, points: Sequence[Points]) -> list[Sight]:
    """Return how points of some objects are seen in a view; all rays go out together."""
    placed = [_placed(casting.camera, each.camera) for each in points]
    rays = [
        each.camera[inside] / each.camera[inside, 2:]
        for each, (_, inside) in zip(points, placed, strict=True)
    ]
    depths = np.array(casting.depths_along(np.concatenate([np.empty((0, 3)), *rays])), np.float64)
    ends = np.cumsum([len(each) for each in rays])
    solid = np.array([not casting.follows(each) for each in casting.shot.objects] + [False])
    found = []
    for each, (pixels, inside), those, end in zip(points, placed, rays, ends, strict=True):
        met = depths[:, end - len(those) : end]
        found.append(_seen(casting.shot.objects, each, pixels, inside, those, met, solid))
    return found


def _placed(camera: Camera, points: Array) -> tuple[Array, Mask]:
    """Return pixel positions (n, 2) of points (n, 3), and which (n,) are in the frame."""
    width, height = camera.resolution
    pixels = np.full((len(points), 2), np.inf)
    ahead, here = projectable(points, _HERE, camera.distortion), camera.intrinsics
    pixels[ahead] = project(points[ahead], here, _HERE, camera.distortion)[:, :2]
    inside = ahead & (pixels >= 0).all(axis=1) & (pixels < (width, height)).all(axis=1)
    return pixels, inside


def _seen(
    entries: Sequence[Instance],
    points: Points,
    pixels: Array,
    inside: Mask,
    rays: Array,
    depths: Array,
    solid: Mask,
) -> Sight:
    """Return the sight of points whose rays (m, 3) meet each object, and last the floor, at some
    depths (objects + 1, m); ``solid`` (objects + 1,) are those that rays cannot follow.
    """
    gap = (points.camera[inside, 2] - depths) * np.linalg.norm(rays, axis=1)
    mine = np.array([each.instance == points.entry.instance for each in entries] + [False])
    hides = gap > np.where(mine[:, None], points.own[inside], points.before[inside])
    only = hides & solid[:, None] & ~hides[~solid].any(axis=0)
    free = inside.copy()
    free[inside] = ~hides.any(axis=0)
    behind = tuple(each for each, some in zip(entries, only.any(axis=1)[:-1], strict=True) if some)
    return Sight(pixels, inside, free, behind)
