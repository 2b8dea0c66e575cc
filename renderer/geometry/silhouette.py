"""Silhouettes: which pixels, in the frame and beyond it, an object alone would cover."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.geometry.crop import Crop, Mask

Array = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

# Pixels an object may cost, and as many to a side; farther parts are sampled more coarsely.
_MOST_PIXELS = 4_000_000
_LONGEST_SIDE = 8192


@dataclass(frozen=True)
class Window:
    """The pixels that may show an object: a rectangle that may reach beyond the frame, or none."""

    left: int
    top: int
    right: int
    bottom: int
    frame_size: tuple[int, int]

    @staticmethod
    def around(projected: Array, frame_size: tuple[int, int]) -> Window:
        """Return the window of an object by its hull's pixel positions and depths (n, 3).

        Where a part is behind the camera the outline has no bounds: the window is the frame then.
        """
        if projected[:, 2].min() <= 0:
            return Window(0, 0, *frame_size, frame_size)
        left, top = (int(n) - 1 for n in np.floor(projected[:, :2].min(0)))
        right, bottom = (int(n) + 1 for n in np.ceil(projected[:, :2].max(0)))
        return Window(left, top, right, bottom, frame_size)

    @property
    def inside(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) of its part in the frame; empty where left >= right."""
        width, height = self.frame_size
        left, top = max(self.left, 0), max(self.top, 0)
        return left, top, min(self.right, width), min(self.bottom, height)

    @property
    def reaches_beyond(self) -> bool:
        """Whether some of it is beyond the frame."""
        return self.inside != (self.left, self.top, self.right, self.bottom)

    @property
    def step(self) -> int:
        """The distance of its samples in pixels: more than 1 where it is very large."""
        width, height = self.right - self.left, self.bottom - self.top
        coarse = math.isqrt(max(width * height - 1, 0) // _MOST_PIXELS) + 1
        return max(coarse, -(-max(width, height) // _LONGEST_SIDE))

    def samples(self) -> tuple[Int64s, Int64s]:
        """Return the columns and rows of the pixels that stand for all of it."""
        step = self.step
        return np.arange(self.left, self.right, step), np.arange(self.top, self.bottom, step)


@dataclass(frozen=True)
class Silhouette:
    """An object's outline, taken by itself.

    Attributes:
        crop: its pixels in the frame.
        outside: number of its pixels beyond the frame.
        bounds: (left, top, right, bottom) of all its pixels, or None if it has none at all.

    """

    crop: Crop
    outside: int
    bounds: tuple[int, int, int, int] | None


def silhouette(window: Window, mask: Mask | Crop, whole: Mask | None) -> Silhouette:
    """Return the silhouette of an object.

    Args:
        window: where it may be.
        mask: its pixels in the frame: (h, w) of all of it, or a crop.
        whole: (rows, columns) its pixels at the window's samples; None where it is all inside.

    """
    crop = mask if isinstance(mask, Crop) else Crop.whole(mask)
    if whole is None:
        x, y, w, h = crop.box
        return Silhouette(crop, 0, (x, y, x + w, y + h) if crop.area else None)
    columns, rows = window.samples()
    where = np.argwhere(whole)
    xs, ys = columns[where[:, 1]], rows[where[:, 0]]
    width, height = window.frame_size
    beyond = (xs < 0) | (xs >= width) | (ys < 0) | (ys >= height)
    return Silhouette(crop, int(beyond.sum()) * window.step**2, _bounds(xs, ys))


def _bounds(columns: Int64s, rows: Int64s) -> tuple[int, int, int, int] | None:
    """Return (left, top, right, bottom) around pixels (n,), (n,), or None for none."""
    if len(rows) == 0:
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
