"""The labels of a shot: for each object its masks, shares and pose.

The visible mask is the engine's own index pass where it has one (Cycles writes it at the pixel's
centre), and ray casting of the same triangles otherwise; both follow promise 1. The amodal mask is
ray cast, beyond the frame too; of an object whose opacity rays cannot follow it is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache
from renderer.geometry.raycast import tracer_for
from renderer.geometry.silhouette import Silhouette, Window, silhouette
from renderer.shot.camera import Camera
from renderer.shot.ground import floor_depth, has_floor
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot
from renderer.truth.mask import Box, Mask, tight_box

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


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
class Cast:
    """One object of a shot, taken by itself.

    Attributes:
        entry: its entry in the Shot.
        silhouette: its outline.
        depth: (h, w) by ray casting, infinite where it is not; None where the engine gave the
            outline.
        exact: whether the outline is; else it is that of the object as if it were solid.

    """

    entry: Instance
    silhouette: Silhouette
    depth: Floats | None
    exact: bool


@dataclass(frozen=True)
class Casting:
    """A shot's objects, each cast by itself once, for all that is asked of them."""

    shot: Shot
    camera: Camera
    cache: AssetCache
    objects: tuple[Cast, ...]

    def index(self, only_exact: bool = False) -> npt.NDArray[np.int32]:
        """Return (h, w) the instance of each pixel by ray casting, 0 for none or the floor.

        Objects that rays cannot follow are taken as solid, or with ``only_exact`` as not there.
        """
        width, height = self.camera.resolution
        index = np.zeros((height, width), np.int32)
        front = self._floor()
        for each in self.objects:
            if each.depth is not None and (each.exact or not only_exact):
                nearer = each.depth < front
                index[nearer] = each.entry.instance
                front[nearer] = each.depth[nearer]
        return index

    def _floor(self) -> Floats:
        """Return (h, w) the depth of the floor, infinite where there is none."""
        width, height = self.camera.resolution
        if not has_floor(self.shot):
            return np.full((height, width), np.inf, np.float32)
        grid = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
        rays = self.camera.rays(grid[0].ravel(), grid[1].ravel())
        return floor_depth(self.shot, self.camera, rays).reshape(height, width)

    def close_by(
        self, columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], reach: float
    ) -> list[Floats]:
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
        depths = [
            tracer_for(self.cache, each.entry.asset)
            .depth(self.camera.pose @ np.array(each.entry.model_to_world), rays)
            .reshape(xs.shape)
            for each in self.objects
        ]
        ground = (
            floor_depth(self.shot, self.camera, rays)
            if has_floor(self.shot)
            else np.full(len(rays), np.inf)
        )
        return [*depths, np.asarray(ground, np.float32).reshape(xs.shape)]

    def labels(self, index: npt.NDArray[np.int32]) -> list[Label]:
        """Return the labels of every object with at least one pixel of an index (h, w)."""
        labels = []
        for each in self.objects:
            visible = index == each.entry.instance
            if each.entry.category is not None and visible.any():
                labels.append(_label(self.camera, each.entry, visible, each.silhouette))
        return labels


@dataclass(frozen=True)
class Labeller:
    """Labels shots of models in a cache."""

    cache: AssetCache

    def label(
        self,
        shot: Shot,
        camera: Camera,
        index: npt.NDArray[np.int32] | None,
        silhouettes: Mapping[int, Silhouette] | None = None,
    ) -> list[Label]:
        """Return the labels of every object with at least one visible pixel, by instance.

        Args:
            shot: the shot.
            camera: the one of its cameras.
            index: (h, w) instance of each pixel from the engine, or None to ray cast it.
            silhouettes: by instance, from the engine, of the objects that rays cannot follow.

        """
        casting = self.cast(shot, camera, silhouettes)
        return casting.labels(casting.index() if index is None else index)

    def visible_index(self, shot: Shot, camera: Camera) -> npt.NDArray[np.int32]:
        """Return (h, w) the instance of each pixel by ray casting, 0 for none."""
        return self.cast(shot, camera).index()

    def cast(
        self, shot: Shot, camera: Camera, silhouettes: Mapping[int, Silhouette] | None = None
    ) -> Casting:
        """Return the silhouettes of a shot's objects; see ``label``."""
        given = silhouettes or {}
        return Casting(
            shot,
            camera,
            self.cache,
            tuple(
                Cast(entry, given[entry.instance], None, exact=True)
                if entry.instance in given
                else self._cast_one(camera, entry)
                for entry in shot.objects
            ),
        )

    def _cast_one(self, camera: Camera, entry: Instance) -> Cast:
        to_world = np.array(entry.model_to_world)
        to_camera = camera.pose @ to_world
        hull = self.cache.geometry(entry.asset).hull.astype(np.float64)
        width, height = camera.resolution
        window = Window.around(camera.project(hull, to_world), (width, height))
        tracer = tracer_for(self.cache, entry.asset)

        def cast(columns: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> Floats:
            grid = np.meshgrid(columns + 0.5, rows + 0.5)
            rays = camera.rays(grid[0].ravel(), grid[1].ravel())
            return tracer.depth(to_camera, rays).reshape(len(rows), len(columns))

        depth = np.full((height, width), np.inf, np.float32)
        left, top, right, bottom = window.inside
        if left < right and top < bottom:
            depth[top:bottom, left:right] = cast(np.arange(left, right), np.arange(top, bottom))
        whole = np.isfinite(cast(*window.samples())) if window.reaches_beyond else None
        outline = silhouette(window, np.isfinite(depth), whole)
        return Cast(entry, outline, depth, self.cache.facts(entry.asset).ray_traceable)


def pose(camera: Camera, entry: Instance) -> tuple[Array, Array]:
    """Return (3, 3) ``cam_R_m2c`` and (3,) ``cam_t_m2c`` of an object."""
    to_camera = camera.pose @ np.array(entry.model_to_world)
    return to_camera[:3, :3] / entry.scale, to_camera[:3, 3]


def _label(camera: Camera, entry: Instance, visible: Mask, alone: Silhouette) -> Label:
    # A pixel on the very outline may fall either way by rounding; what is seen is there.
    amodal = alone.mask | visible
    inside = int(amodal.sum())
    x, y, w, h = tight_box(amodal)
    left, top, right, bottom = alone.bounds or (x, y, x + w, y + h)
    left, top, right, bottom = min(x, left), min(y, top), max(x + w, right), max(y + h, bottom)
    rotation, translation = pose(camera, entry)
    return Label(
        entry=entry,
        visible=visible,
        amodal=amodal,
        amodal_box=(left, top, right - left, bottom - top),
        visibility=int(visible.sum()) / inside,
        truncation=alone.outside / (inside + alone.outside),
        rotation=rotation,
        translation=translation,
    )
