"""Models that are made of others: stretched along their axes, and bent."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Deform:
    """How a model is deformed, in its own frame.

    Attributes:
        stretch: factors along x, y and z.
        bend_deg: the angle between its two ends, which are those of its longest side after that.

    """

    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bend_deg: float = 0.0

    def apply(self, points: Array, low: Array, high: Array) -> Array:
        """Return deformed points (n, 3).

        Args:
            points: (n, 3) in the model frame.
            low: (3,) the least coordinates of the whole model.
            high: (3,) the largest.

        """
        middle = (low + high) / 2
        local = (points - middle) * self.stretch
        if self.bend_deg:
            local = self._bent(local, (high - low) * self.stretch)
        moved: Array = local + middle
        return moved

    def _bent(self, local: Array, size: Array) -> Array:
        """Return points (n, 3) on an arc: planes across the longest side stay planes, and the
        middle one of its fibres keeps its length.
        """
        along, across = (int(at) for at in np.argsort(-size, kind="stable")[[0, 2]])
        length = float(size[along])
        if length == 0:
            return local
        radius = length / math.radians(self.bend_deg)
        angle = local[:, along] / radius
        bent = local.copy()
        bent[:, along] = (radius - local[:, across]) * np.sin(angle)
        bent[:, across] = radius - (radius - local[:, across]) * np.cos(angle)
        return bent
