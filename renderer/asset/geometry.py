"""The geometry of a model in one npz: its triangles, its convex hull and its alpha cutouts."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Cutout:
    """Where a material's opacity comes from a texture.

    Attributes:
        alpha: (h, w) uint8, the texture's opacity, bottom row first as texture coordinates count.
        factor: what the texture's opacity is multiplied by.
        cutoff: with a value, opacity is 1 at or above it and 0 below (glTF's MASK mode).

    """

    alpha: npt.NDArray[np.uint8]
    factor: float
    cutoff: float | None

    def opacity(self, uv: Floats) -> Floats:
        """Return the opacity (n,) at texture coordinates (n, 2): bilinear, repeating."""
        height, width = self.alpha.shape
        x = uv[:, 0].astype(np.float64) * width - 0.5
        y = uv[:, 1].astype(np.float64) * height - 0.5
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        fx, fy = x - column, y - row
        c0, c1 = column % width, (column + 1) % width
        r0, r1 = row % height, (row + 1) % height
        texel = self.alpha
        value = (1 - fy) * ((1 - fx) * texel[r0, c0] + fx * texel[r0, c1])
        value += fy * ((1 - fx) * texel[r1, c0] + fx * texel[r1, c1])
        value *= self.factor / 255
        if self.cutoff is not None:
            value = (value >= self.cutoff).astype(np.float64)
        return np.asarray(value, np.float32)


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
                cutoff = np.nan if cutout.cutoff is None else cutout.cutoff
                arrays[f"alpha_{at}"] = cutout.alpha
                arrays[f"rule_{at}"] = np.array([cutout.factor, cutoff], np.float64)
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
                factor, cutoff = (float(value) for value in stored[f"rule_{at}"])
                rule = None if np.isnan(cutoff) else cutoff
                cutouts.append(Cutout(stored[f"alpha_{at}"], factor, rule))
            return Geometry(
                stored["vertices"],
                stored["triangles"],
                stored["hull"],
                stored["hull_faces"],
                tuple(cutouts),
                stored["cutout_of"] if cutouts else None,
                stored["uv"] if cutouts else None,
            )
