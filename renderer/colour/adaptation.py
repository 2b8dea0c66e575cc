"""White balance: what is white under one light is made white under another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.colour.temperature import chromaticity

Floats = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])


def neutral_under(linear: Floats, kelvin: float) -> Floats:
    """Return a picture (h, w, 3), linear Rec.709, in which a light of a temperature is neutral."""
    return np.asarray(np.maximum(linear @ adaptation(kelvin).T, 0), np.float32)


def adaptation(kelvin: float) -> Matrix:
    """Return the matrix (3, 3) of linear Rec.709 that makes a light of a temperature neutral.

    A Bradford adaptation (Lam 1985) from that light's white to D65.
    """
    x, y = chromaticity(kelvin)
    source = np.array([x / y, 1.0, (1 - x - y) / y])
    gain = np.diag((_BRADFORD @ _WHITE_D65) / (_BRADFORD @ source))
    matrix: Matrix = (
        np.linalg.inv(_RGB_TO_XYZ) @ np.linalg.inv(_BRADFORD) @ gain @ _BRADFORD @ _RGB_TO_XYZ
    )
    return matrix
