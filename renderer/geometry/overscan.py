"""A lens that bends, rendered by an engine that knows pinholes only: what the pinhole has to see,
and how the picture of the lens is made of its picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from renderer.geometry.distortion import Distortion, LensError
from renderer.geometry.projection import pixel_rays

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Rows = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

# What an interpolation reaches beyond the place it is for, in pixels of the pinhole.
_MARGIN = 5
# Where the lens magnifies, the pinhole has so many times the pixels along a side at most.
_FINEST = 2.0
# Beyond these a lens is too wide for a pinhole: sides, and pixels of it for one of the frame.
MOST_SIDE, MOST_SHARE = 8192, 16.0
# Across which the lens is looked at for how much it magnifies.
_GRID = 33
# Whose darkest and lightest bound what is interpolated.
_AROUND = np.ones((3, 3), np.uint8)
# A pixel of the frame is the mean of as many places along a side, where it shows several.
_MOST_PLACES = 4


@dataclass(frozen=True)
class Overscan:
    """The pinhole.

    Attributes:
        K: its intrinsics, pixel centres at integer + 0.5.
        resolution: width and height.
        places: along a side of a pixel of the frame, at how many the pinhole's picture is read.

    """

    K: Rows
    resolution: tuple[int, int]
    places: int


@lru_cache(maxsize=64)
def overscan(K: Rows, resolution: tuple[int, int], distortion: Distortion) -> Overscan:  # noqa: N803
    """Return the pinhole whose picture has all that a lens brings into a frame.

    Args:
        K: intrinsics of the lens.
        resolution: width and height of the frame.
        distortion: what the lens does.

    Raises:
        LensError: it folds back within the frame, or sees too wide.

    """
    lens, (width, height) = np.array(K, np.float64), resolution
    focal = lens.diagonal()[:2]
    low, high = _reach(lens, resolution, distortion)
    least, most = _magnification(lens, resolution, distortion)
    finer = min(max(1 / least, 1.0), _FINEST)
    first = low * focal * finer - _MARGIN
    wide, tall = (math.ceil(each) for each in high * focal * finer + _MARGIN - first)
    if max(wide, tall) > MOST_SIDE or wide * tall > MOST_SHARE * width * height:
        raise LensError(
            f"the lens sees so wide that a picture of {wide} x {tall} pixels would be rendered "
            f"for one of {width} x {height}: lengthen the focal length"
        )
    (fx, fy), (cx, cy) = (focal * finer).tolist(), (-first).tolist()
    places = min(max(math.ceil(most * finer - 0.2), 1), _MOST_PLACES)
    return Overscan(((fx, 0.0, cx), (0.0, fy, cy), (0.0, 0.0, 1.0)), (wide, tall), places)


def inner_frame(
    K: Rows,  # noqa: N803
    resolution: tuple[int, int],
    distortion: Distortion,
) -> tuple[Array, Array]:
    """Return the least and largest x/z and y/z (2,) of a rectangle that a lens shows all of.

    Raises:
        LensError: as ``overscan``.

    """
    overscan(K, resolution, distortion)
    (width, height), lens = resolution, np.array(K, np.float64)
    across, down = np.arange(width + 1.0), np.arange(height + 1.0)
    left, right = (
        pixel_rays(np.full_like(down, at), down, lens, distortion)[:, 0] for at in (0, width)
    )
    top, bottom = (
        pixel_rays(across, np.full_like(across, at), lens, distortion)[:, 1] for at in (0, height)
    )
    return np.array([left.max(), top.max()]), np.array([right.min(), bottom.min()])


def _reach(lens: Array, resolution: tuple[int, int], distortion: Distortion) -> tuple[Array, Array]:
    """Return the least and largest x/z and y/z (2,) in the frame, which its border has."""
    width, height = resolution
    across, down = np.arange(width + 1.0), np.arange(height + 1.0)
    columns = np.concatenate([across, across, np.zeros_like(down), np.full_like(down, width)])
    rows = np.concatenate([np.zeros_like(across), np.full_like(across, height), down, down])
    border = pixel_rays(columns, rows, lens, distortion)[:, :2]
    if np.isnan(border).any():
        raise LensError(
            "the lens folds back within the frame, where its polynomial is no lens's any more: "
            "weaken its distortion or lengthen the focal length"
        )
    return border.min(axis=0), border.max(axis=0)


def _magnification(
    lens: Array, resolution: tuple[int, int], distortion: Distortion
) -> tuple[float, float]:
    """Return how many pixels of a pinhole with the lens's own ``K`` one of the frame spans, where
    it is least and where it is most.
    """
    x, y = (np.linspace(0.5, side - 0.5, _GRID) for side in resolution)
    columns, rows = (each.ravel() for each in np.meshgrid(x, y))
    focal, step = lens.diagonal()[:2], 0.25
    sides = [
        pixel_rays(columns + dx, rows + dy, lens, distortion)[:, :2] * focal
        for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step))
    ]
    slopes = np.stack([sides[0] - sides[1], sides[2] - sides[3]], axis=2) / (2 * step)
    spans = np.linalg.svd(slopes, compute_uv=False)
    return float(spans[:, 1].min()), float(spans[:, 0].max())


def through_lens(
    picture: Floats,
    K: Rows,  # noqa: N803
    resolution: tuple[int, int],
    distortion: Distortion,
) -> Floats:
    """Return what a lens makes of the pinhole's picture: (h, w, c) of (H, W, c) float32.

    Both are linear light, and coverage premultiplied to it. A pixel of the frame is the mean of
    Lanczos-interpolated places in it; no place is darker or lighter than the pixels around it,
    since a lamp or its reflection would else have black rings.
    """
    wider = overscan(K, resolution, distortion)
    x, y = _positions(K, resolution, distortion)
    bounds = [
        np.asarray(operation(picture, _AROUND), np.float32) for operation in (cv2.erode, cv2.dilate)
    ]
    across, down = np.gradient(x), np.gradient(y)  # by rows, by columns
    offsets = (np.arange(wider.places) + 0.5) / wider.places - 0.5
    total = np.zeros((resolution[1], resolution[0], picture.shape[2]), np.float32)
    for dy in offsets:
        for dx in offsets:
            here = [
                (at + dy * by_row + dx * by_column).astype(np.float32)
                for at, (by_row, by_column) in ((x, across), (y, down))
            ]
            found = _read(picture, here, cv2.INTER_LANCZOS4)
            nearest = [_read(each, here, cv2.INTER_NEAREST) for each in bounds]
            total += np.clip(found, *nearest)
    return total / np.float32(wider.places**2)


def _read(picture: Floats, positions: list[Floats], method: int) -> Floats:
    read = cv2.remap(picture, positions[0], positions[1], method, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read.reshape(*positions[0].shape, picture.shape[2]), np.float32)


@lru_cache(maxsize=2)
def _positions(
    K: Rows,  # noqa: N803
    resolution: tuple[int, int],
    distortion: Distortion,
) -> tuple[Array, Array]:
    """Return where in the pinhole's picture the frame's pixel centres are: columns and rows (h, w),
    as OpenCV counts them, from the centre of the first pixel.
    """
    lens, wider = np.array(K, np.float64), np.array(overscan(K, resolution, distortion).K)
    x, y = (np.arange(side) + 0.5 for side in resolution)
    columns, rows = np.meshgrid(x, y)
    rays = pixel_rays(columns.ravel(), rows.ravel(), lens, distortion)
    found = rays[:, :2] * wider.diagonal()[:2] + wider[:2, 2] - 0.5
    return found[:, 0].reshape(columns.shape), found[:, 1].reshape(columns.shape)
