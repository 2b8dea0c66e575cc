"""Named points of models: which a category has, and where they are on one model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

Vector = tuple[float, float, float]


class KeypointSet(BaseModel):
    """Which points the objects of a category have.

    Attributes:
        names: of the points, in their order.
        skeleton: pairs of indices into ``names``, from 0, that a line joins.
        flips: for each point the index of the one that it becomes in a mirrored picture.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    skeleton: tuple[tuple[int, int], ...] = ()
    flips: tuple[int, ...]


class ModelKeypoints(BaseModel):
    """Where the named points of one model are.

    Attributes:
        named: what they are called, and how they hang together.
        positions: of each point, metres in the model frame.
        inside_m: of each point, how far below the model's surface it may lie (metres, before the
            object is scaled): so much of the model itself does not hide it. 0 on the surface.

    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    named: KeypointSet
    positions: tuple[Vector, ...]
    inside_m: tuple[float, ...]

    def as_written(self) -> dict[str, Any]:
        """Return them as the file beside a model has them, in full."""
        names = self.named.names
        parts = zip(names, self.positions, self.inside_m, strict=True)
        return {
            "points": {name: {"at": list(at), "inside_m": inside} for name, at, inside in parts},
            "skeleton": [[names[a], names[b]] for a, b in self.named.skeleton],
            "flips": [[names[a], names[b]] for a, b in enumerate(self.named.flips) if a < b],
        }


def sidecar_of(model: Path) -> Path:
    """Return the file beside a model that may name its points: ``mug.keypoints.yaml``."""
    return model.with_suffix(".keypoints.yaml")
