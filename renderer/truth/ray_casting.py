"""What rays say of one view, without an engine: what they meet first, and each object by itself.

Everything is made when it is first asked for. Rays go out in bands, since those of a large frame
would take gigabytes, and of an object only its mask is kept, in its own box.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache
from renderer.geometry.crop import Crop
from renderer.geometry.raycast import tracer_for
from renderer.geometry.silhouette import Silhouette, Window, silhouette
from renderer.shot.camera import Camera
from renderer.shot.ground import floor_center, floor_depth, has_floor
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_RAYS = 1 << 18
# By what share of its depth a surface is before itself, by rounding.
_TIE = 1e-5


@dataclass(frozen=True)
class FirstHit:
    """What the rays through the pixel centres meet first.

    Attributes:
        depth: (h, w) float32, metres along the view axis, infinite for nothing.
        instance: (h, w) int32, whose surface it is, 0 for the floor's or none.

    """

    depth: Floats
    instance: Ints


@dataclass(frozen=True)
class _Traceable:
    """The objects that rays can follow: what is met first of them, and each one's mask."""

    first: FirstHit
    masks: dict[int, Crop]


@dataclass(frozen=True)
class _Untraceable:
    """An object that rays cannot follow, as if it were solid: ``depth`` (h, w) is of the crop."""

    crop: Crop
    depth: Floats


@dataclass(frozen=True)
class RayCasting:
    """A view of a shot, as rays have it.

    Attributes:
        shot: the shot.
        camera: the one of its cameras.
        cache: where its models are.

    """

    shot: Shot
    camera: Camera
    cache: AssetCache

    def follows(self, entry: Instance) -> bool:
        """Tell whether rays can follow an object's opacity; else they take it as solid."""
        return self.cache.facts(entry.asset).ray_traceable

    def first(self, index: Ints | None = None, solid: bool = True) -> FirstHit:
        """Return what the rays meet first.

        Args:
            index: (h, w) instance of each pixel by who knows better: an object that rays cannot
                follow is met at its pixels there and at no others, so that what is behind its
                holes is seen through them. None takes such objects as solid.
            solid: False takes them as not there.

        """
        followed = self._traceable.first
        depth, instance = followed.depth.copy(), followed.instance.copy()
        for number, untraceable in (self._untraceable if solid else {}).items():
            part = untraceable.crop.part
            met = untraceable.depth < depth[part]
            if index is not None:
                met &= index[part] == number
            depth[part][met] = untraceable.depth[met]
            instance[part][met] = number
        if self.floor is not None:
            below = ~(depth < self.floor)
            depth[below], instance[below] = self.floor[below], 0
        return FirstHit(depth, instance)

    def silhouette(self, entry: Instance) -> Silhouette:
        """Return the outline of an object, as solid where rays cannot follow it."""
        if entry.instance not in self._silhouettes:
            window = self._window(entry)
            known = self._untraceable.get(entry.instance)
            crop = self._traceable.masks[entry.instance] if known is None else known.crop
            whole = None
            if window.reaches_beyond:
                whole = np.isfinite(self._depth_of(entry, *window.samples()))
            self._silhouettes[entry.instance] = silhouette(window, crop, whole)
        return self._silhouettes[entry.instance]

    @cached_property
    def floor(self) -> Floats | None:
        """(h, w) the depth of the floor, infinite beside it; None where there is none."""
        if not has_floor(self.shot):
            return None
        width, height = self.camera.resolution
        return _cast(
            self.camera,
            np.arange(width),
            np.arange(height),
            lambda rays: floor_depth(self.shot, self.camera, rays),
        )

    def floor_hides(self, entry: Instance, columns: Int64s, rows: Int64s) -> npt.NDArray[np.bool_]:
        """Tell (n,) of pixels whether the floor is before an object that is there.

        Args:
            entry: the object.
            columns: (n,) of the pixels.
            rows: (n,) of the pixels.

        """
        rays = self.camera.rays(columns + 0.5, rows + 0.5)
        depth = tracer_for(self.cache, entry.asset).depth(self.to_camera(entry), rays)
        return np.asarray(self.floor_along(rays) < depth, np.bool_)

    def floor_along(self, rays: Array) -> Floats:
        """Return the depth (n,) at which rays (n, 3) meet the floor, infinite without one."""
        if not has_floor(self.shot):
            return np.full(len(rays), np.inf, np.float32)
        return floor_depth(self.shot, self.camera, rays)

    def may_be_below_floor(self, entry: Instance) -> bool:
        """Tell whether the floor may be before some of an object."""
        if not has_floor(self.shot):
            return False
        to_world, level = np.array(entry.model_to_world), floor_center(self.shot)[2]
        hull = self.cache.geometry(entry.asset).hull.astype(np.float64)
        lowest = float((hull @ to_world[2, :3]).min() + to_world[2, 3])
        return bool(lowest < level or self.camera.position[2] < level)

    def depths_around(self, columns: Int64s, rows: Int64s, reach: float) -> list[Floats]:
        """Return each object's depths (4, n) at four points around the centres of n pixels, and
        last the floor's.

        Args:
            columns: (n,) of the pixels.
            rows: (n,) of the pixels.
            reach: how far from the centre the points are along each axis, in pixels.

        """
        xs = np.stack([columns + 0.5 + dx for dx in (-reach, reach) for _ in range(2)])
        ys = np.stack([rows + 0.5 + dy for _ in range(2) for dy in (-reach, reach)])
        rays = self.camera.rays(xs.ravel(), ys.ravel())
        return [depths.reshape(xs.shape) for depths in self.depths_along(rays)]

    def depths_along(self, rays: Array) -> list[Floats]:
        """Return each object's depths (n,) along rays (n, 3), in the camera frame with z = 1, and
        last the floor's; infinite for nothing. Objects that rays cannot follow are solid.
        """
        depths = [
            tracer_for(self.cache, each.asset).depth(self.to_camera(each), rays)
            for each in self.shot.objects
        ]
        return [*depths, self.floor_along(rays)]

    def hidden(self, points: Array, x: Array, y: Array) -> Mask:
        """Tell (n,) of which points in the frame something is before them.

        Args:
            points: (n, 3) in the camera's frame, before it.
            x: (n,) their pixel positions along the rows, at or between pixel centres.
            y: (n,) along the columns.

        """
        hidden, z = np.zeros(len(points), np.bool_), points[:, 2]
        if has_floor(self.shot):
            # They are on the other side of it than the camera.
            level, up = floor_center(self.shot)[2], self.camera.pose[:3, 2]
            above = self.camera.position[2] - level
            hidden = (above + points @ up) * np.sign(above) < -_TIE * z
        for entry in self.shot.objects:
            hull = self.cache.geometry(entry.asset).hull.astype(np.float64)
            corners = self.camera.outline(hull, np.array(entry.model_to_world))
            window = Window.around(corners, self.camera.resolution)
            beside = (x < window.left) | (x > window.right) | (y < window.top) | (y > window.bottom)
            at = np.flatnonzero(~(hidden | beside))
            at = at[z[at] > corners[:, 2].min()]
            tracer, to_camera = tracer_for(self.cache, entry.asset), self.to_camera(entry)
            for start in range(0, len(at), _RAYS):
                band = at[start : start + _RAYS]
                rays = points[band] / z[band, None]
                hidden[band] = tracer.depth(to_camera, rays) < z[band] * (1 - _TIE)
        return hidden

    def to_camera(self, entry: Instance) -> Array:
        """Return (4, 4) what takes an object's model frame to the camera's."""
        return np.asarray(self.camera.pose @ np.array(entry.model_to_world), np.float64)

    @cached_property
    def _silhouettes(self) -> dict[int, Silhouette]:
        return {}

    @cached_property
    def _traceable(self) -> _Traceable:
        masks: dict[int, Crop] = {}
        width, height = self.camera.resolution
        depth = np.full((height, width), np.inf, np.float32)
        instance = np.zeros((height, width), np.int32)
        for entry in self.shot.objects:
            if not self.follows(entry):
                continue
            left, top, found = self._depth_inside(entry)
            part = slice(top, top + found.shape[0]), slice(left, left + found.shape[1])
            nearer = found < depth[part]
            depth[part][nearer] = found[nearer]
            instance[part][nearer] = entry.instance
            masks[entry.instance] = Crop.of(np.isfinite(found), left, top, (width, height))
        return _Traceable(FirstHit(depth, instance), masks)

    @cached_property
    def _untraceable(self) -> dict[int, _Untraceable]:
        untraceable = {}
        for entry in self.shot.objects:
            if not self.follows(entry):
                left, top, depth = self._depth_inside(entry)
                crop = Crop.of(np.isfinite(depth), left, top, self.camera.resolution)
                y, x = crop.top - top, crop.left - left
                height, width = crop.mask.shape
                untraceable[entry.instance] = _Untraceable(
                    crop, depth[y : y + height, x : x + width].copy()
                )
        return untraceable

    def _window(self, entry: Instance) -> Window:
        hull = self.cache.geometry(entry.asset).hull.astype(np.float64)
        projected = self.camera.outline(hull, np.array(entry.model_to_world))
        return Window.around(projected, self.camera.resolution)

    def _depth_inside(self, entry: Instance) -> tuple[int, int, Floats]:
        """Return left, top and the depth (h, w) of an object in its window's part in the frame."""
        left, top, right, bottom = self._window(entry).inside
        if left >= right or top >= bottom:
            return 0, 0, np.empty((0, 0), np.float32)
        return left, top, self._depth_of(entry, np.arange(left, right), np.arange(top, bottom))

    def _depth_of(self, entry: Instance, columns: Int64s, rows: Int64s) -> Floats:
        tracer, to_camera = tracer_for(self.cache, entry.asset), self.to_camera(entry)
        return _cast(self.camera, columns, rows, lambda rays: tracer.depth(to_camera, rays))


def _cast(
    camera: Camera, columns: Int64s, rows: Int64s, depth: Callable[[Array], Floats]
) -> Floats:
    """Return the depth (rows, columns) that rays (n, 3) through pixel centres have."""
    found = np.empty((len(rows), len(columns)), np.float32)
    step = max(1, _RAYS // max(len(columns), 1))
    for at in range(0, len(rows), step):
        grid = np.meshgrid(columns + 0.5, rows[at : at + step] + 0.5)
        rays = camera.rays(grid[0].ravel(), grid[1].ravel())
        found[at : at + step] = depth(rays).reshape(grid[0].shape)
    return found
