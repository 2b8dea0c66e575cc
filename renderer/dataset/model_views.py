"""A model from its six sides by ray casting, as good as without perspective."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.asset import Geometry
from renderer.geometry.raycast import Tracer

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# From so many lengths of the model away, what is nearer is larger by a tenth of a pixel at most.
_AWAY = 2000.0
# So many rays a pixel of the picture, along each side.
_FINE = 2
_PAPER, _BODY, _EDGE = 255.0, np.array([196.0, 205.0, 217.0]), np.array([71.0, 85.0, 105.0])
# An edge is where depths of neighbours differ by more of the picture's length, or the cosine of
# the angle between their normals is less.
_STEP, _CREASE = 0.02, 0.5


@dataclass(frozen=True)
class Side:
    """One of six sides.

    Attributes:
        name: what it is called.
        right: the axis of the model to the right of the picture: ``x``, ``-x`` and so on.
        up: the axis that points up in it.

    """

    name: str
    right: str
    up: str

    @property
    def turn(self) -> Array:
        """What takes the model's axes to the picture's (3, 3): x right, y down, z into it."""
        right, down = _axis(self.right), -_axis(self.up)
        turn: Array = np.asarray([right, down, np.cross(right, down)], np.float64)
        return turn


SIDES = (
    Side("front", "x", "z"),
    Side("right", "y", "z"),
    Side("back", "-x", "z"),
    Side("left", "-y", "z"),
    Side("top", "x", "y"),
    Side("bottom", "x", "-y"),
)


def _axis(name: str) -> Array:
    row = np.zeros(3)
    row["xyz".index(name[-1])] = -1 if name.startswith("-") else 1
    return row


@dataclass(frozen=True)
class ModelView:
    """One side of a model in a square picture.

    Attributes:
        side: which.
        middle: (3,) the point of the model in the middle of the picture.
        scale: pixels a metre.
        size: the picture's side in pixels.

    """

    side: Side
    middle: Array
    scale: float
    size: int

    def place(self, points: Array) -> Array:
        """Return where points (n, 3) of the model are in the picture (n, 2), in pixels."""
        turned = (points - self.middle) @ self.side.turn.T
        return np.asarray(turned[:, :2] * self.scale + self.size / 2, np.float64)

    def hidden(self, tracer: Tracer, points: Array, tolerance: float | Array) -> Mask:
        """Tell of points (n, 3) whether the model hides them (n,).

        Args:
            tracer: the model.
            points: in the model frame.
            tolerance: metres before a point in which a surface does not hide it; one, or (n,).

        """
        turned = (points - self.middle) @ self.side.turn.T
        depth = tracer.depth(self._to_camera(), self._rays(turned[:, 0], turned[:, 1]))
        return np.asarray(turned[:, 2] + self._away - depth > tolerance, np.bool_)

    def picture(self, tracer: Tracer, geometry: Geometry) -> Pixels:
        """Return the shaded model (size, size, 3) on white."""
        fine = self.size * _FINE
        met = np.zeros((fine, fine), np.bool_)
        normal, depth = np.zeros((fine, fine, 3)), np.full((fine, fine), self._away)
        part = self._part(geometry.hull.astype(np.float64))
        line = (np.arange(fine) + 0.5 - fine / 2) / (self.scale * _FINE)
        across, down = np.meshgrid(line[part[1]], line[part[0]])
        hits = tracer.hits(self._to_camera(), self._rays(across.ravel(), down.ravel()))
        faces, which = np.unique(hits.face, return_inverse=True)
        a, b, c = np.moveaxis(geometry.vertices[geometry.triangles[faces]].astype(float), 1, 0)
        flat = np.cross(b - a, c - a) @ self.side.turn.T
        flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-30)
        flat = np.where(flat[:, 2:] > 0, -flat, flat)
        there = (hits.face >= 0).reshape(across.shape)
        met[part] = there
        normal[part] = flat[which].reshape(*across.shape, 3)
        near = hits.depth.astype(np.float64).reshape(across.shape) - self._away
        depth[part] = np.where(there, near, self._away)
        shaded = self._shaded(met, normal, depth)
        blocks = shaded.reshape(self.size, _FINE, self.size, _FINE, 3)
        return np.asarray(blocks.mean(axis=(1, 3)).round(), np.uint8)

    def _part(self, points: Array) -> tuple[slice, slice]:
        """Return which rows and columns of rays may meet what is within some points (n, 3)."""
        places = self.place(points) * _FINE
        low, high = np.floor(places.min(axis=0)) - 1, np.ceil(places.max(axis=0)) + 1
        (left, top), (right, bottom) = low.clip(0).astype(int), high.clip(0).astype(int)
        return slice(top, bottom), slice(left, right)

    def _shaded(self, met: Mask, normal: Array, depth: Array) -> Array:
        """Return colours (h, w, 3) of what rays have met: light from above the eye, and edges."""
        light = np.clip(-normal @ np.array([0.25, 0.4, 0.88]), 0, 1)
        colour = np.where(met[..., None], _BODY * (0.45 + 0.55 * light[..., None]), _PAPER)
        edge = np.zeros(met.shape, np.bool_)
        length = self.size / self.scale
        for axis in (0, 1):
            step = np.abs(np.diff(depth, axis=axis)) > _STEP * length
            crease = np.einsum("ijk,ijk->ij", *_neighbours(normal, axis)) < _CREASE
            found = step | (crease & _neighbours(met, axis)[0] & _neighbours(met, axis)[1])
            pad = [(1, 0), (0, 0)] if axis == 0 else [(0, 0), (1, 0)]
            edge |= np.pad(found, pad)
        colour[edge] = _EDGE
        return colour

    @property
    def _away(self) -> float:
        return _AWAY * self.size / self.scale

    def _rays(self, across: Array, down: Array) -> Array:
        return np.column_stack([across / self._away, down / self._away, np.ones(len(across))])

    def _to_camera(self) -> Array:
        matrix = np.eye(4)
        matrix[:3, :3] = self.side.turn
        matrix[:3, 3] = -self.side.turn @ self.middle + (0, 0, self._away)
        return matrix


def _neighbours(values: npt.NDArray[np.generic], axis: int) -> tuple[Array, Array]:
    first = np.take(values, range(values.shape[axis] - 1), axis=axis)
    second = np.take(values, range(1, values.shape[axis]), axis=axis)
    return first, second  # type: ignore[return-value]
