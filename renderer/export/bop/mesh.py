"""Models as BOP has them: ASCII PLY in millimetres with normals, and what it says of their size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

_ROWS = 1 << 16
_PAIRS = 1 << 20
_CORNER = "{:.9g} {:.9g} {:.9g} {:.6g} {:.6g} {:.6g}\n".format


def middle(points: npt.NDArray[Any]) -> Array:
    """Return the middle (3,) of the box of points (n, 3)."""
    exact = points.astype(np.float64)
    return np.asarray((exact.min(axis=0) + exact.max(axis=0)) / 2, np.float64)


def diameter(points: Array) -> float:
    """Return the largest distance of two of some points (n, 3), exactly."""
    shifted = points - middle(points)
    radius = np.linalg.norm(shifted, axis=1)
    order = np.argsort(-radius, kind="stable")
    shifted, radius = shifted[order], radius[order]
    best, start = 0.0, 0
    while start < len(shifted):
        # Two points are no farther apart than their distances from the middle together.
        reach = int(np.searchsorted(-radius, -(best - radius[start]), side="right"))
        if reach <= start:
            break
        rows = shifted[start : start + max(1, _PAIRS // reach)]
        squares = ((rows[:, None] - shifted[None, :reach]) ** 2).sum(axis=2)
        best = max(best, float(np.sqrt(squares.max())))
        start += len(rows)
    return best


def normals(points: Array, triangles: Ints) -> Array:
    """Return unit normals (n, 3) of corners: the mean of those of the faces around each, weighted
    by the angle that the face has there.

    Args:
        points: (n, 3).
        triangles: (t, 3) indices of points.

    """
    corners = points[triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-300)
    found = np.zeros_like(points)
    for at in range(3):
        here = corners[:, at]
        one, other = corners[:, (at + 1) % 3] - here, corners[:, (at + 2) % 3] - here
        angle = np.arctan2(
            np.linalg.norm(np.cross(one, other), axis=1), np.einsum("ij,ij->i", one, other)
        )
        for axis in range(3):
            found[:, axis] += np.bincount(
                triangles[:, at], angle * facing[:, axis], minlength=len(points)
            )
    length = np.linalg.norm(found, axis=1, keepdims=True)
    # Two sides of a sheet may share their corners: up is as good as any then.
    return np.where(length > 1e-9, found / np.maximum(length, 1e-300), (0.0, 0.0, 1.0))


def ply(points: Array, triangles: Ints) -> Iterator[bytes]:
    """Yield an ASCII PLY file in pieces.

    Args:
        points: (n, 3) in millimetres.
        triangles: (t, 3) indices of points.

    """
    header = (
        *("ply", "format ascii 1.0", f"element vertex {len(points)}"),
        *(f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")),
        *(f"element face {len(triangles)}", "property list uchar int vertex_indices"),
        "end_header",
    )
    yield "".join(f"{line}\n" for line in header).encode()
    # Without the last digits, which differ between processors; and no zero has a sign.
    table = np.hstack([points.round(6), normals(points, triangles).round(6)]) + 0.0
    for block in np.split(table, range(_ROWS, len(table), _ROWS)):
        yield "".join(_CORNER(*row) for row in block.tolist()).encode()
    for block in np.split(triangles, range(_ROWS, len(triangles), _ROWS)):
        yield "".join(f"3 {a} {b} {c}\n" for a, b, c in block.tolist()).encode()
