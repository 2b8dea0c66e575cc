"""Colour matrices of linear Rec.709 that leave greys as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renderer.colour.luma import LUMA
from renderer.shot.scene import Matrix3

Matrix = npt.NDArray[np.float64]


def response(
    own: Matrix, units: Sequence[float], crosstalk: float, hue_deg: float, saturation: float
) -> Matrix3:
    """Return one matrix of all that a camera does to colours, rounded as plans are.

    Args:
        own: (3, 3), applied first.
        units: six random numbers in [0, 1), one for each pair of channels.
        crosstalk: the largest share of another channel.
        hue_deg: the turn of all hues.
        saturation: what the distance from grey is times.

    """
    made = _saturated(saturation) @ _turned(hue_deg) @ _mixed(units, crosstalk) @ own
    # The last bits of matrix products differ between processors, and plans may not.
    (a, b, c), (d, e, f), (g, h, i) = (
        [round(float(entry), 9) + 0.0 for entry in row] for row in made
    )
    return (a, b, c), (d, e, f), (g, h, i)


def _saturated(factor: float) -> Matrix:
    return np.asarray(factor * np.eye(3) + (1 - factor) * np.outer(np.ones(3), LUMA))


def _turned(degrees: float) -> Matrix:
    """Return a rotation about the axis of greys, and along it back to the luma that was."""
    # Rodrigues' formula for the axis (1, 1, 1).
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    turn = cosine * np.eye(3) + sine * cross + (1 - cosine) / 3 * np.ones((3, 3))
    return np.asarray(turn + np.outer(np.ones(3), LUMA - LUMA @ turn))


def _mixed(units: Sequence[float], most: float) -> Matrix:
    matrix: Matrix = np.zeros((3, 3))
    matrix[~np.eye(3, dtype=bool)] = most * (2 * np.array(units) - 1)
    return np.asarray(matrix + np.diag(1 - matrix.sum(axis=1)))
