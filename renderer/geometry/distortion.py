"""Lens distortion, in OpenCV's models: where a ray of a pinhole falls behind a real lens."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

Array = npt.NDArray[np.float64]

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

        lens = np.array(self.coefficients)
        if self.model == "fisheye":
            found = cv2.fisheye.distortPoints(points[:, None].astype(np.float64), _UNIT, lens)
            return np.asarray(found[:, 0], np.float64)
        rays = np.column_stack([points, np.ones(len(points))])
        found, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), _UNIT, lens)
        return np.asarray(found[:, 0], np.float64)
