"""Lens distortion, in OpenCV's models: where a ray of a pinhole falls behind a real lens."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from renderer.errors import UserError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_UNIT = np.eye(3)
# The inverse has no closed form; OpenCV's fixed-point steps halve the error or better each.
_FIXED_POINT_STEPS, _PRECISION = 30, 1e-12
_NEWTON_STEPS, _LONGEST_STEP = 30, 0.2
# What is brought so near to a point (of a distance of 1: a ten-thousandth of a pixel) is there.
_NEAR = 1e-9


class LensError(UserError):
    """No pinhole shows what a lens does; the message says why, about ``the lens``."""


class Distortion(BaseModel):
    """Brown's radial and tangential model (OpenCV: k1 k2 p1 p2 [k3 [k4 k5 k6]]), or the fisheye
    model of Kannala and Brandt (OpenCV: k1 k2 k3 k4).
    """

    model_config = ConfigDict(frozen=True)

    model: Literal["brown", "fisheye"]
    coefficients: tuple[float, ...]

    def undistorted(self, points: Array) -> Array:
        """Return the pinhole's x/z and y/z (n, 2) of distorted ones (n, 2); NaN where the lens
        brings no ray of a pinhole.
        """
        if len(points) == 0:
            return points
        points = points.astype(np.float64)
        fisheye = self.model == "fisheye"
        found = _fisheye_inverse(points, self.coefficients) if fisheye else self._brown(points)
        found[~self._leads_to(found, points)] = np.nan
        return found

    def _brown(self, points: Array) -> Array:
        """Return the inverse of Brown's model: by fixed-point steps, and by Newton's where those
        do not get there, as they are slow near the fold.
        """
        import cv2  # every recipe knows of lenses, and few have one that bends

        steps = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _FIXED_POINT_STEPS, _PRECISION)
        lens = np.array(self.coefficients)
        first = cv2.undistortPointsIter(points[:, None], _UNIT, lens, _UNIT, _UNIT, steps)
        found: Array = np.array(first[:, 0], np.float64)
        for _ in range(_NEWTON_STEPS):
            off = np.flatnonzero(~self._leads_to(found, points))
            if len(off) == 0:
                break
            there, slopes = self._slopes(found[off])
            with np.errstate(all="ignore"):
                (a, b), (c, d) = slopes.transpose(1, 2, 0)
                x, y = (points[off] - there).T
                step = np.column_stack([d * x - b * y, a * y - c * x]) / (a * d - b * c)[:, None]
            step[~np.isfinite(step).all(axis=1)] = 0
            found[off] += np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        return found

    def _leads_to(self, found: Array, points: Array) -> Mask:
        """Tell (n,) which places (n, 2) are before the fold and brought to points (n, 2)."""
        off = np.abs(self.distorted(found) - points).max(axis=1)
        near = off < _NEAR * (1 + np.abs(points).max(axis=1))
        near[near] = ~self.folds(found[near])
        return np.asarray(near, np.bool_)

    def _slopes(self, points: Array) -> tuple[Array, Array]:
        """Return where Brown's model brings points (n, 2), and its derivatives (n, 2, 2) there."""
        import cv2

        rays = np.column_stack([points, np.ones(len(points))])
        lens, still = np.array(self.coefficients), np.zeros(3)
        there, slopes = cv2.projectPoints(rays, still, still, _UNIT, lens)
        by_place = slopes.reshape(-1, 2, slopes.shape[1])[:, :, 3:5]
        return np.asarray(there[:, 0], np.float64), np.asarray(by_place, np.float64)

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
        radius, fold = np.linalg.norm(points, axis=1), _fold(self.model, self.coefficients)
        if self.model == "fisheye":
            return np.asarray(np.arctan(radius) >= fold, np.bool_)
        beyond = np.asarray(radius >= fold, np.bool_)
        inside = np.flatnonzero(~beyond)
        if len(inside):
            # Tangential terms fold a little nearer than the radial ones on one side.
            (a, b), (c, d) = self._slopes(points[inside])[1].transpose(1, 2, 0)
            beyond[inside] = a * d - b * c <= 0
        return beyond


def _fisheye_inverse(points: Array, coefficients: tuple[float, ...]) -> Array:
    """Return the pinhole's points (n, 2) of a fisheye's, by Newton's steps for the angle to the
    axis, held between the axis and the fold.
    """
    radius, k = np.linalg.norm(points, axis=1), np.array(coefficients)
    powers = 2 * np.arange(1, len(k) + 1)[:, None]
    low = np.zeros(len(points))
    high = np.full(len(points), min(_fold("fisheye", coefficients), np.pi / 2))
    angle = np.minimum(radius, high)
    for _ in range(_NEWTON_STEPS):
        terms = k[:, None] * angle**powers
        off = angle * (1 + terms.sum(axis=0)) - radius
        low, high = np.where(off < 0, angle, low), np.where(off > 0, angle, high)
        with np.errstate(all="ignore"):
            following = angle - off / (1 + ((powers + 1) * terms).sum(axis=0))
        inside = (following >= low) & (following <= high)
        following = np.where(inside, following, (low + high) / 2)
        if np.abs(following - angle).max() < _PRECISION:
            break
        angle = following
    stretch = np.divide(np.tan(angle), radius, out=np.ones_like(radius), where=radius > 0)
    return np.asarray(points * stretch[:, None], np.float64)


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
