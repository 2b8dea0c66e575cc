"""Which of the floor that a camera sees is hidden, and where it is not yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.effects.draws import Draws
from renderer.effects.scene import SceneDraft
from renderer.geometry.projection import level_depth
from renderer.shot.camera import Camera

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Cells along the longer side of the frame.
_CELLS = 160
# Floor farther from the subject's middle than so many of its radii is left alone: towards the
# horizon no number of things would hide it.
_FAR = 12.0


class FloorCover:
    """The floor in one camera's frame, in cells."""

    def __init__(self, scene: SceneDraft, camera: Camera) -> None:
        """Look at a scene as it is so far."""
        self._camera = camera
        width, height = camera.resolution
        self._cell = max(width, height) / _CELLS
        across, down = round(width / self._cell), round(height / self._cell)
        x, y = np.meshgrid(np.arange(across) + 0.5, np.arange(down) + 0.5)
        rays = camera.rays(x.ravel() * self._cell, y.ravel() * self._cell)
        depth = level_depth(camera.pose, 0.0, rays)
        with np.errstate(invalid="ignore"):
            points = (rays * depth[:, None] - camera.pose[:3, 3]) @ camera.pose[:3, :3]
            away = np.linalg.norm(points[:, :2] - np.array(scene.center[:2]), axis=1)
            self._floor = (away <= _FAR * scene.radius_m).reshape(down, across)
        self._points = points.reshape(down, across, 3)
        self._hidden = np.zeros((down, across), np.bool_)
        # Of labelled objects, how far they are.
        self._objects = np.full((down, across), np.inf)
        for entry in scene.objects:
            hull = scene.hull(entry.instance)
            cells = self._cells(hull)
            self._hidden |= cells
            if entry.category is not None:
                nearest = np.minimum(self._objects, self._depth(hull))
                self._objects = np.where(cells, nearest, self._objects)
        # What the objects themselves hide is no background.
        self._floor &= ~np.isfinite(self._objects)

    @property
    def share(self) -> float:
        """The share of the floor beside the objects that is hidden; 1 where none is seen."""
        seen = int(self._floor.sum())
        return float((self._hidden & self._floor).sum() / seen) if seen else 1.0

    def free_point(self, draws: Draws) -> Array:
        """Return a point (2,) of the floor that is seen and not hidden; some must be."""
        free = np.argwhere(self._floor & ~self._hidden)
        row, column = free[int(draws.unit("cell") * len(free))]
        point: Array = self._points[row, column, :2]
        return point

    def hides_objects(self, hull: Array) -> bool:
        """Tell whether a thing by its corners (n, 3) in the world is before a labelled object."""
        behind = self._objects[self._cells(hull)]
        return bool((np.isfinite(behind) & (behind > self._depth(hull))).any())

    def add(self, hull: Array) -> None:
        """Take note of a thing by its corners (n, 3) in the world."""
        self._hidden |= self._cells(hull)

    def _depth(self, hull: Array) -> float:
        return float(self._camera.project(hull)[:, 2].mean())

    def _cells(self, hull: Array) -> Mask:
        """Return the cells (rows, columns) that a thing hides; none where it is not before the
        camera.
        """
        import cv2  # 30 ms, and recipes are read without

        projected = self._camera.project(hull)
        canvas = np.zeros(self._hidden.shape, np.uint8)
        if projected[:, 2].min() > 0:
            # A cell's middle is at its number plus a half, and OpenCV's at its number.
            corners = np.clip(projected[:, :2] / self._cell - 0.5, -1e4, 1e4).astype(np.float32)
            outline = np.rint(cv2.convexHull(corners)).astype(np.int32)
            cv2.fillConvexPoly(canvas, outline, (1,))
        return canvas.astype(np.bool_)
