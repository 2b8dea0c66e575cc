"""The labels of a shot: for each object its masks, shares and pose.

The visible mask is the engine's own index pass where it has one (Cycles writes it at the pixel's
centre), and ray casting of the same triangles otherwise; both follow promise 1. The amodal mask is
ray cast, beyond the frame too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache
from renderer.plan.framing import project
from renderer.plan.raycast import pixel_rays, tracer_for
from renderer.plan.shot import Instance, Shot
from renderer.truth.mask import Box, Mask, tight_box

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

# Rays beyond the frame an object may cost; farther parts are sampled more coarsely.
_MOST_OUTSIDE = 4_000_000


@dataclass(frozen=True)
class Label:
    """What is known of one visible object in one image.

    Attributes:
        entry: the object's entry in the Shot.
        visible: (h, w) the pixels whose centre ray meets this object first.
        amodal: (h, w) the pixels whose centre ray meets it at all.
        amodal_box: (x, y, w, h) around all its pixels, beyond the frame too.
        visibility: visible / amodal pixels in the frame.
        truncation: share of all its pixels that are beyond the frame.
        rotation: (3, 3) ``cam_R_m2c``, model to camera.
        translation: (3,) ``cam_t_m2c`` in metres.

    """

    entry: Instance
    visible: Mask
    amodal: Mask
    amodal_box: Box
    visibility: float
    truncation: float
    rotation: Array
    translation: Array

    @property
    def area(self) -> int:
        """Number of visible pixels."""
        return int(self.visible.sum())

    @property
    def box(self) -> Box:
        """(x, y, w, h) tight on the visible pixels."""
        return tight_box(self.visible)


@dataclass(frozen=True)
class _Silhouette:
    """An object's outline, cast by itself.

    Attributes:
        depth: (h, w) on the frame's own pixels, infinite where the object is not.
        outside: number of its pixels beyond the frame.
        bounds: (left, top, right, bottom) of all its pixels, or None if it has none at all.

    """

    depth: npt.NDArray[np.float32]
    outside: int
    bounds: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Casting:
    """A shot's objects, each cast by itself once, for all that is asked of them."""

    shot: Shot
    silhouettes: tuple[_Silhouette, ...]

    def index(self) -> npt.NDArray[np.int32]:
        """Return (h, w) the instance of each pixel, 0 for none."""
        width, height = self.shot.camera.resolution
        return _nearest(self.shot.objects, self.silhouettes, width, height)

    def labels(self, index: npt.NDArray[np.int32]) -> list[Label]:
        """Return the labels of every object with at least one pixel of an index (h, w)."""
        labels = []
        for entry, silhouette in zip(self.shot.objects, self.silhouettes, strict=True):
            visible = index == entry.instance
            if visible.any():
                labels.append(_label(self.shot, entry, visible, silhouette))
        return labels


@dataclass(frozen=True)
class Labeller:
    """Labels shots of models in a cache."""

    cache: AssetCache

    def label(self, shot: Shot, index: npt.NDArray[np.int32] | None) -> list[Label]:
        """Return the labels of every object with at least one visible pixel, by instance.

        Args:
            shot: the shot.
            index: (h, w) instance of each pixel from the engine, or None to ray cast it.

        """
        casting = self.cast(shot)
        return casting.labels(casting.index() if index is None else index)

    def visible_index(self, shot: Shot) -> npt.NDArray[np.int32]:
        """Return (h, w) the instance of each pixel by ray casting, 0 for none."""
        return self.cast(shot).index()

    def cast(self, shot: Shot) -> Casting:
        """Return the silhouettes of a shot's objects."""
        return Casting(shot, tuple(self._silhouette(shot, entry) for entry in shot.objects))

    def _silhouette(self, shot: Shot, entry: Instance) -> _Silhouette:
        K, view = np.array(shot.camera.K), np.array(shot.camera.world_to_camera)  # noqa: N806
        to_camera = view @ np.array(entry.model_to_world)
        hull = self.cache.geometry(entry.asset).hull.astype(np.float64)
        projected = project(hull, K, to_camera)
        width, height = shot.camera.resolution
        if projected[:, 2].min() <= 0:
            # Part of it is behind the camera: its outline has no bounds, so keep to the frame.
            x0, y0, x1, y1 = 0, 0, width, height
        else:
            x0, y0 = (int(n) - 1 for n in np.floor(projected[:, :2].min(0)))
            x1, y1 = (int(n) + 1 for n in np.ceil(projected[:, :2].max(0)))
        tracer = tracer_for(self.cache, entry.asset)

        def cast(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Floats:
            grid = np.meshgrid(columns + 0.5, rows + 0.5)
            rays = pixel_rays(grid[0].ravel(), grid[1].ravel(), K)
            return tracer.depth(to_camera, rays).reshape(len(rows), len(columns))

        depth = np.full((height, width), np.inf, np.float32)
        left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        if left < right and top < bottom:
            depth[top:bottom, left:right] = cast(np.arange(left, right), np.arange(top, bottom))
        if (x0, y0, x1, y1) == (left, top, right, bottom):
            return _Silhouette(depth, 0, _bounds(*np.argwhere(np.isfinite(depth)).T[::-1]))
        step = 1
        while (x1 - x0) * (y1 - y0) > _MOST_OUTSIDE * step * step:
            step += 1
        columns, rows = np.arange(x0, x1, step), np.arange(y0, y1, step)
        where = np.argwhere(np.isfinite(cast(columns, rows)))
        xs, ys = columns[where[:, 1]], rows[where[:, 0]]
        beyond = (xs < 0) | (xs >= width) | (ys < 0) | (ys >= height)
        return _Silhouette(depth, int(beyond.sum()) * step**2, _bounds(xs, ys))


def _bounds(
    columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) around pixels (n,), (n,), or None for none."""
    if len(rows) == 0:
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def _nearest(
    objects: tuple[Instance, ...], silhouettes: tuple[_Silhouette, ...], width: int, height: int
) -> npt.NDArray[np.int32]:
    index = np.zeros((height, width), np.int32)
    front = np.full((height, width), np.inf, np.float32)
    for entry, silhouette in zip(objects, silhouettes, strict=True):
        nearer = silhouette.depth < front
        index[nearer] = entry.instance
        front[nearer] = silhouette.depth[nearer]
    return index


def pose(shot: Shot, entry: Instance) -> tuple[Array, Array]:
    """Return (3, 3) ``cam_R_m2c`` and (3,) ``cam_t_m2c`` of an object."""
    to_camera = np.array(shot.camera.world_to_camera) @ np.array(entry.model_to_world)
    return to_camera[:3, :3] / entry.scale, to_camera[:3, 3]


def _label(shot: Shot, entry: Instance, visible: Mask, silhouette: _Silhouette) -> Label:
    # A pixel on the very outline may fall either way by rounding; what is seen is there.
    amodal = np.isfinite(silhouette.depth) | visible
    inside = int(amodal.sum())
    x, y, w, h = tight_box(amodal)
    left, top, right, bottom = silhouette.bounds or (x, y, x + w, y + h)
    left, top, right, bottom = min(x, left), min(y, top), max(x + w, right), max(y + h, bottom)
    rotation, translation = pose(shot, entry)
    return Label(
        entry=entry,
        visible=visible,
        amodal=amodal,
        amodal_box=(left, top, right - left, bottom - top),
        visibility=int(visible.sum()) / inside,
        truncation=silhouette.outside / (inside + silhouette.outside),
        rotation=rotation,
        translation=translation,
    )
