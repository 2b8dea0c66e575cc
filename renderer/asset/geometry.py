"""The geometry of a model in one npz: its triangles, its convex hull and its alpha cutouts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Step:
    """One sum on a texture's opacity, as Blender's Math node does it.

    Attributes:
        operation: MULTIPLY, ADD, SUBTRACT, LESS_THAN, GREATER_THAN or ROUND.
        constant: the other operand.
        constant_first: it is the left one (glTF's cutoff is 1 - (alpha < cutoff)).
        clamp: the result is held to 0..1.

    """

    operation: str
    constant: float
    constant_first: bool
    clamp: bool

    def apply(self, value: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the result (n,) of values (n,)."""
        a, b = (self.constant, value) if self.constant_first else (value, self.constant)
        result = np.asarray(_OPERATIONS[self.operation](a, b), np.float64)
        return np.clip(result, 0.0, 1.0) if self.clamp else result


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "MULTIPLY": lambda a, b: a * b,
    "ADD": lambda a, b: a + b,
    "SUBTRACT": lambda a, b: a - b,
    "LESS_THAN": lambda a, b: a < b,
    "GREATER_THAN": lambda a, b: a > b,
    "ROUND": lambda a, _: np.floor(a + 0.5),
}


@dataclass(frozen=True)
class Cutout:
    """Where a material's opacity comes from a texture, by steps that rays can follow exactly.

    Attributes:
        alpha: (h, w) uint8, the texture's opacity, bottom row first as texture coordinates count.
        steps: what is done to it, in order.
        closest: the nearest texel counts, and not a bilinear mix of four.

    """

    alpha: npt.NDArray[np.uint8]
    steps: tuple[Step, ...] = ()
    closest: bool = False

    def opacity(self, uv: Floats) -> Floats:
        """Return the opacity (n,) at texture coordinates (n, 2), which repeat."""
        value = self._texture(uv) / 255
        for step in self.steps:
            value = step.apply(value)
        return np.asarray(value, np.float32)

    def _texture(self, uv: Floats) -> npt.NDArray[np.float64]:
        height, width = self.alpha.shape
        x, y = uv[:, 0].astype(np.float64) * width, uv[:, 1].astype(np.float64) * height
        texel = self.alpha
        if self.closest:
            row, column = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
            return np.asarray(texel[row % height, column % width], np.float64)
        x, y = x - 0.5, y - 0.5
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        fx, fy = x - column, y - row
        c0, c1 = column % width, (column + 1) % width
        r0, r1 = row % height, (row + 1) % height
        value = (1 - fy) * ((1 - fx) * texel[r0, c0] + fx * texel[r0, c1])
        value += fy * ((1 - fx) * texel[r1, c0] + fx * texel[r1, c1])
        return np.asarray(value, np.float64)


@dataclass(frozen=True)
class Geometry:
    """Triangles and hull in the model frame (metres, Z up).

    Attributes:
        vertices: (v, 3) float32.
        triangles: (t, 3) int32, indices into ``vertices``.
        hull: (h, 3) float32, corners of the convex hull.
        hull_faces: (f, 3) int32, indices into ``hull``; empty for a flat model.
        cutouts: textures with holes, indexed by ``cutout_of``.
        cutout_of: (t,) int32, index into ``cutouts``, or -1 where opaque; empty without cutouts.
        uv: (t, 3, 2) float32, texture coordinates of each corner; empty without cutouts.

    """

    vertices: Floats
    triangles: Ints
    hull: Floats
    hull_faces: Ints
    cutouts: tuple[Cutout, ...] = ()
    cutout_of: Ints | None = None
    uv: Floats | None = None

    def save(self, path: Path) -> None:
        """Write one npz."""
        arrays: dict[str, npt.NDArray[np.generic]] = {
            "vertices": self.vertices,
            "triangles": self.triangles,
            "hull": self.hull,
            "hull_faces": self.hull_faces,
        }
        if self.cutout_of is not None and self.uv is not None:
            arrays |= {"cutout_of": self.cutout_of, "uv": self.uv}
            for at, cutout in enumerate(self.cutouts):
                rule = {"closest": cutout.closest, "steps": [astuple(s) for s in cutout.steps]}
                arrays[f"alpha_{at}"] = cutout.alpha
                arrays[f"rule_{at}"] = np.array(json.dumps(rule))
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        path.write_bytes(buffer.getvalue())

    @staticmethod
    def load(path: Path) -> Geometry:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            cutouts: list[Cutout] = []
            while f"alpha_{len(cutouts)}" in stored:
                at = len(cutouts)
                rule = json.loads(str(stored[f"rule_{at}"]))
                steps = tuple(Step(*step) for step in rule["steps"])
                cutouts.append(Cutout(stored[f"alpha_{at}"], steps, rule["closest"]))
            return Geometry(
                stored["vertices"],
                stored["triangles"],
                stored["hull"],
                stored["hull_faces"],
                tuple(cutouts),
                stored["cutout_of"] if cutouts else None,
                stored["uv"] if cutouts else None,
            )
