"""Guesses from geometry alone: which axis points up, and which unit a file without one is in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.asset.source import AssetSource

AXES = {"x": (0, 1), "-x": (0, -1), "y": (1, 1), "-y": (1, -1), "z": (2, 1), "-z": (2, -1)}
# Formats whose Y axis is taken as up where the recipe says nothing; others are as imported, Z up.
Y_UP_FORMATS = {".obj", ".gltf", ".glb"}
# Formats that say neither which axis is up nor what their unit is.
UNITLESS = {".obj", ".ply", ".stl"}
# A longest side beyond these (metres) is more likely a wrong unit than a thing.
TINY_M, HUGE_M = 1e-3, 100.0
# By which axis of the file is turned up: the file's axes that become the model's x, y and z.
_TURNED = {
    "x": ("-z", "y", "x"),
    "-x": ("z", "y", "-x"),
    "y": ("x", "-z", "y"),
    "-y": ("x", "z", "-y"),
    "z": ("x", "y", "z"),
    "-z": ("x", "-y", "-z"),
}


def up_axis_of(source: AssetSource) -> str:
    """Return which of the file's axes is turned up, said in the recipe or not."""
    if source.up_axis is not None:
        return source.up_axis
    return "y" if source.path.suffix.lower() in Y_UP_FORMATS else "z"


def axis_in_file(axis: str, source: AssetSource) -> str:
    """Return the file's own name for an axis of the model frame: what ``up_axis`` must name."""
    column, sign = AXES[axis]
    name = _TURNED[up_axis_of(source)][column]
    return name if sign > 0 else f"-{name}".removeprefix("--")


def support_share(hull: npt.NDArray[np.float32], axis: str) -> float:
    """Return how well a model stands when ``axis`` points up, from 0 (on a point) to 1.

    It is the area of the hull's corners within 2 % of the lowest, over the area of the whole
    silhouette seen along the axis.
    """
    import cv2

    column, sign = AXES[axis]
    height = sign * hull[:, column]
    flat = np.delete(hull, column, axis=1).astype(np.float32)
    low = height <= height.min() + 0.02 * max(float(np.ptp(height)), 1e-12)
    whole = float(cv2.contourArea(cv2.convexHull(flat)))
    if low.sum() < 3 or whole <= 0:
        return 0.0
    return float(cv2.contourArea(cv2.convexHull(flat[low]))) / whole


def guess_up_axis(hull: npt.NDArray[np.float32], likely: str) -> str:
    """Return the axis (of the model frame) that most likely points up.

    ``z`` unless the model stands clearly better (by 0.25 of its silhouette) on another side than
    it does as imported, which is what files with another up axis look like. ``likely`` is the axis
    that mistake usually leaves on top; it wins where a model stands on either end.
    """
    shares = {axis: support_share(hull, axis) for axis in AXES}
    best = max(shares, key=lambda axis: shares[axis] + 0.1 * (axis == likely))
    if shares["z"] >= 0.45 or shares[best] < shares["z"] + 0.25:
        return "z"
    return best


def guess_unit(longest: float, unitless: bool) -> str:
    """Return the likeliest unit of a file whose longest side is ``longest`` of its own units.

    Product-sized things are 1 cm to 10 m long. Formats that carry a unit are doubted only where
    theirs makes a thing longer than any.
    """
    if longest <= (10 if unitless else HUGE_M):
        return "m"
    return "cm" if longest <= 100 else "mm"
