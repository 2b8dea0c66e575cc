"""The cameras of a shot: OpenCV axes (x right, y down, z forward), ``X_camera = world_to_camera @
X_world``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from renderer.asset import Matrix4
from renderer.geometry.distortion import Distortion
from renderer.geometry.projection import outline, pixel_rays, project, projectable
from renderer.shot.scene import Frozen, Matrix3

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


# So many rays are made anew; of so many pixels (100 MB) a frame's are kept.
_FEW_RAYS, _MOST_KEPT = 256, 1 << 22


@lru_cache(maxsize=256)
def _array(rows: tuple[tuple[float, ...], ...]) -> Array:
    """Return a matrix as an array that nobody can change; kept, as it is asked for often."""
    array = np.array(rows, np.float64)
    array.flags.writeable = False
    return array


@lru_cache(maxsize=2)
def _frame_rays(K: Matrix3, resolution: tuple[int, int], distortion: Distortion) -> Array:  # noqa: N803
    """Return the directions (h, w, 3) through all pixel centres of a frame."""
    columns, rows = np.meshgrid(*(np.arange(side) + 0.5 for side in resolution))
    rays = pixel_rays(columns.ravel(), rows.ravel(), np.array(K), distortion)
    return rays.reshape(*columns.shape, 3)


class Camera(Frozen):
    """``K`` (pixels; pixel centres lie at integer + 0.5) and distortion are all there is to know
    of a lens: what an engine needs is derived from them, and so are rays.
    """

    resolution: tuple[int, int]
    K: Matrix3
    distortion: Distortion | None = None
    world_to_camera: Matrix4

    @property
    def intrinsics(self) -> Array:
        """``K`` as an array (3, 3)."""
        return _array(self.K)

    @property
    def pose(self) -> Array:
        """``world_to_camera`` as an array (4, 4)."""
        return _array(self.world_to_camera)

    @property
    def position(self) -> Array:
        """Where it stands in the world (3,), in metres."""
        return -self.pose[:3, :3].T @ self.pose[:3, 3]

    def rays(self, columns: Array, rows: Array) -> Array:
        """Return camera-frame directions (n, 3), z = 1, through pixel positions (n,) and (n,); NaN
        where its lens brings no ray, which is nowhere in the frame.
        """
        if self.distortion is None or len(columns) < _FEW_RAYS:
            return pixel_rays(columns, rows, self.intrinsics, self.distortion)
        # The inverse of a lens is slow, and the same pixel centres are asked for again and again.
        (width, height), x, y = self.resolution, np.floor(columns), np.floor(rows)
        centres = ((columns - x == 0.5) & (rows - y == 0.5)).all()
        inside = (x >= 0).all() and (x < width).all() and (y >= 0).all() and (y < height).all()
        if not (centres and inside) or width * height > _MOST_KEPT:
            return pixel_rays(columns, rows, self.intrinsics, self.distortion)
        kept = _frame_rays(self.K, self.resolution, self.distortion)
        return np.asarray(kept[y.astype(np.int64), x.astype(np.int64)], np.float64)

    def project(self, points: Array, to_world: Array | None = None) -> Array:
        """Return pixel positions and depth (n, 3) of points (n, 3) in the world, or in a frame
        that ``to_world`` (4, 4) takes there.
        """
        to_camera = self.pose if to_world is None else self.pose @ to_world
        return project(points, self.intrinsics, to_camera, self.distortion)

    def outline(self, points: Array, to_world: Array | None = None) -> Array:
        """Return pixel positions and depths (m, 3) in whose box is all of a convex body by its
        corners (n, 3), given as ``project`` takes them. Where a part of it is behind the camera or
        beyond the fold of its distortion there is none, and a depth that is not above 0.
        """
        to_camera = self.pose if to_world is None else self.pose @ to_world
        return outline(points, self.intrinsics, to_camera, self.distortion)

    @property
    def pinhole(self) -> Camera:
        """The camera without distortion that an engine renders it with: itself, or one that sees a
        little more than all of its frame (``geometry/overscan.py``).
        """
        if self.distortion is None:
            return self
        from renderer.geometry.overscan import overscan  # slow to load, and few lenses bend

        wider = overscan(self.K, self.resolution, self.distortion)
        return Camera(resolution=wider.resolution, K=wider.K, world_to_camera=self.world_to_camera)

    def sees(self, points: Array, to_world: Array | None = None) -> Mask:
        """Tell (n,) of which points, as ``project`` takes them, it gives a pixel position, be it
        beyond the frame: of those before the camera and within the fold of its distortion.
        """
        to_camera = self.pose if to_world is None else self.pose @ to_world
        return projectable(points, to_camera, self.distortion)


class View(Frozen):
    """One camera of a shot. The angles are those of its place on the orbit about the subject.

    Attributes:
        next: the name of the view that follows it in the rig's order, by which motion is told;
            None for the last of an open row, and for a view alone.

    """

    name: str
    camera: Camera
    azimuth_deg: float
    elevation_deg: float
    roll_deg: float
    next: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = None
