"""Lens distortion, in OpenCV's models: where a ray of a pinhole falls behind a real lens."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_UNIT = np.eye(3)
# The inverse has no closed form; OpenCV's fixed-point steps halve the error or better each.
_MOST_STEPS, _PRECISION = 100, 1e-12


class Distortion(BaseModel):
    """Brown's radial and tangential model (OpenCV: k1 k2 p1 p2 [k3 [k4 k5 k6]]), or the fisheye
    model of Kannala and Brandt (OpenCV: k1 k2 k3 k4).
    """

    model_config = ConfigDict(frozen=True)

    model: Literal["brown", "fisheye"]
    coefficients: tuple[float, ...]

    def undistorted(self, points: Array) -> Array:
        """Return the pinhole's x/z and y/z (n, 2) of distorted ones (n, 2)."""
        import cv2  # every recipe knows of lenses, and few have one that bends

        if len(points) == 0:  # OpenCV has nothing then
            return points
        steps = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _MOST_STEPS, _PRECISION)
        given, lens = points[:, None].astype(np.float64), np.array(self.coefficients)
        if self.model == "fisheye":
            found = cv2.fisheye.undistortPoints(given, _UNIT, lens, criteria=steps)
        else:
            found = cv2.undistortPointsIter(given, _UNIT, lens, _UNIT, _UNIT, steps)
        return np.asarray(found[:, 0], np.float64)

    def distorted(self, points: Array) -> Array:
        """Return where the lens brings the pinhole's x/z and y/z (n, 2)."""
        import cv2

        if len(points) == 0:
            return points
        lens = np.array(self.coefficients)
        if self.model == "fisheye":
            found = cv2.fisheye.distortPoints(points[:, None].astype(np.float64), _UNIT, lens)
            return np.asarray(found[:, 0], np.float64)
        rays = np.column_stack([points, np.ones(len(points))])
        found, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), _UNIT, lens)
        return np.asarray(found[:, 0], np.float64)

    def folds(self, points: Array) -> Mask:
        """Tell (n,) where the pinhole's x/z and y/z (n, 2) lie beyond the lens's fold: farther out
        its polynomial runs back towards the axis, so that what it says there is no lens's.
        """
        import cv2

        radius, fold = np.linalg.norm(points, axis=1), _fold(self.model, self.coefficients)
        if self.model == "fisheye":
            return np.asarray(np.arctan(radius) >= fold, np.bool_)
        beyond = np.asarray(radius >= fold, np.bool_)
        inside = np.flatnonzero(~beyond)
        if len(inside):
            # Tangential terms fold a little nearer than the radial ones on one side.
            rays = np.column_stack([points[inside], np.ones(len(inside))])
            lens, still = np.array(self.coefficients), np.zeros(3)
            _, slopes = cv2.projectPoints(rays, still, still, _UNIT, lens)
            by_place = slopes.reshape(-1, 2, slopes.shape[1])[:, :, 3:5]
            beyond[inside] = np.linalg.det(by_place) <= 0
        return beyond


@lru_cache(maxsize=64)
def _fold(model: str, coefficients: tuple[float, ...]) -> float:
    """Return the least radius (of a fisheye: angle to the axis) at which the radial polynomial
    turns back, infinite for none.
    """
    k = [*coefficients, *[0.0] * 8]
    if model == "fisheye":
        slope = np.array([1.0, *(k[n] * (2 * n + 3) for n in range(4))])
    else:
        # Of r N(r^2) / D(r^2): (N + 2 s N') D - N 2 s D' in s = r^2; a pole ends it, too.
        above, below = [1.0, k[0], k[1], k[4]], [1.0, *k[5:8]]
        steeper, falling = np.multiply(above, (1, 3, 5, 7)), np.multiply(below, (0, 2, 4, 6))
        slope = np.convolve(steeper, below) - np.convolve(above, falling)
        slope = np.convolve(slope, below)
    roots = np.roots(slope[::-1])
    real = roots[np.abs(roots.imag) < 1e-9 * np.maximum(1, np.abs(roots))].real
    return float(np.sqrt(real[real > 0].min())) if (real > 0).any() else np.inf
