"""Models that are made of others: stretched along their axes, and bent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deform:
    """How a model is deformed, in its own frame.

    Attributes:
        stretch: factors along x, y and z.
        bend_deg: the angle between its two ends, which are those of its longest side after that.

    """

    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bend_deg: float = 0.0
