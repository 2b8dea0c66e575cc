"""Rotations as unit quaternions (w, x, y, z)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def quaternion_of(rotation: Array) -> Array:
    """Return the quaternion (4,) of a rotation (3, 3), of the two the one with its largest part
    positive (Shepperd 1978: that part is found first, and nothing is divided by little).
    """
    trace = float(np.trace(rotation))
    squares = np.array([trace, *(2 * rotation.diagonal() - trace)])
    largest = int(np.argmax(squares))
    found = np.empty(4)
    root = np.sqrt(1 + squares[largest])
    skew = np.array([rotation[2, 1], rotation[0, 2], rotation[1, 0]])
    transposed = np.array([rotation[1, 2], rotation[2, 0], rotation[0, 1]])
    if largest == 0:
        found[0], found[1:] = root / 2, (skew - transposed) / (2 * root)
        return found
    axis = largest - 1
    found[0] = (skew - transposed)[axis] / (2 * root)
    for other in range(3):
        mixed = rotation[axis, other] + rotation[other, axis]
        found[1 + other] = root / 2 if other == axis else mixed / (2 * root)
    return found


def rotation_of(quaternion: Array) -> Array:
    """Return the rotation (3, 3) of a quaternion (4,), which need not be of unit length."""
    w, x, y, z = quaternion / np.sqrt(quaternion @ quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
