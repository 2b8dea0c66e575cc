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
    """An object's pixels on a grid that may reach beyond the frame; depth is infinite where it is
    not. ``x`` and ``y`` are the grid's first column and row, ``step`` its stride in pixels.
    """

    x: int
    y: int
    step: int
    depth: npt.NDArray[np.float32]


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
        width, height = shot.camera.resolution
        silhouettes = [self._silhouette(shot, entry) for entry in shot.objects]
        if index is None:
            index = _nearest(shot.objects, silhouettes, width, height)
        labels = []
        for entry, silhouette in zip(shot.objects, silhouettes, strict=True):
            visible = index == entry.instance
            if visible.any():
                labels.append(_label(shot, entry, visible, silhouette))
        return labels

    def visible_index(self, shot: Shot) -> npt.NDArray[np.int32]:
        """Return (h, w) the instance of each pixel by ray casting, 0 for none."""
        width, height = shot.camera.resolution
        silhouettes = [self._silhouette(shot, entry) for entry in shot.objects]
        return _nearest(shot.objects, silhouettes, width, height)

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
        step = 1
        while (x1 - x0) * (y1 - y0) > _MOST_OUTSIDE * step * step + width * height:
            step += 1
        columns, rows = np.arange(x0, x1, step), np.arange(y0, y1, step)
        grid = np.meshgrid(columns + 0.5, rows + 0.5)
        rays = pixel_rays(grid[0].ravel(), grid[1].ravel(), K)
        depth = tracer_for(self.cache, entry.asset).depth(to_camera, rays)
        return _Silhouette(x0, y0, step, depth.reshape(len(rows), len(columns)))


def _in_frame(silhouette: _Silhouette, width: int, height: int) -> npt.NDArray[np.float32]:
    """Return the silhouette's depth on the frame's own pixels (h, w)."""
    depth = np.full((height, width), np.inf, np.float32)
    if silhouette.step == 1:
        rows, columns = silhouette.depth.shape
        top, left = max(silhouette.y, 0), max(silhouette.x, 0)
        bottom, right = min(silhouette.y + rows, height), min(silhouette.x + columns, width)
        if top < bottom and left < right:
            y, x = silhouette.y, silhouette.x
            depth[top:bottom, left:right] = silhouette.depth[
                top - y : bottom - y, left - x : right - x
            ]
    return depth


def _nearest(
    objects: tuple[Instance, ...], silhouettes: list[_Silhouette], width: int, height: int
) -> npt.NDArray[np.int32]:
    index = np.zeros((height, width), np.int32)
    front = np.full((height, width), np.inf, np.float32)
    for entry, silhouette in zip(objects, silhouettes, strict=True):
        depth = _in_frame(silhouette, width, height)
        nearer = depth < front
        index[nearer] = entry.instance
        front[nearer] = depth[nearer]
    return index


def _label(shot: Shot, entry: Instance, visible: Mask, silhouette: _Silhouette) -> Label:
    width, height = shot.camera.resolution
    # A pixel on the very outline may fall either way by rounding; what is seen is there.
    amodal = np.isfinite(_in_frame(silhouette, width, height)) | visible
    found = np.isfinite(silhouette.depth)
    inside = int(amodal.sum())
    rows, columns = np.nonzero(found)
    xs, ys = silhouette.x + columns * silhouette.step, silhouette.y + rows * silhouette.step
    outside = int(((xs < 0) | (xs >= width) | (ys < 0) | (ys >= height)).sum()) * silhouette.step**2
    x, y, w, h = tight_box(amodal)
    left, top = min(x, int(xs.min(initial=x))), min(y, int(ys.min(initial=y)))
    right, bottom = max(x + w, int(xs.max(initial=0)) + 1), max(y + h, int(ys.max(initial=0)) + 1)
    to_camera = np.array(shot.camera.world_to_camera) @ np.array(entry.model_to_world)
    return Label(
        entry=entry,
        visible=visible,
        amodal=amodal,
        amodal_box=(left, top, right - left, bottom - top),
        visibility=int(visible.sum()) / inside,
        truncation=outside / (inside + outside),
        rotation=to_camera[:3, :3] / entry.scale,
        translation=to_camera[:3, 3],
    )
