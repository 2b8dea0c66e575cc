"""What a thing covers of the floor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.geometry.sliding import edge_axes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Footprint:
    """The footprint of a thing by the corners (n, 3) of its hull."""

    hull: Array

    @cached_property
    def outline(self) -> Array:
        """Its convex outline (n, 2)."""
        flat = self.hull[:, :2].astype(np.float32)
        import cv2  # 30 ms, and recipes are read without

        return np.asarray(cv2.convexHull(flat)[:, 0], np.float64)

    @cached_property
    def axes(self) -> Array:
        """The outline's separating axes (k, 2)."""
        return edge_axes(self.outline)

    @cached_property
    def middle(self) -> Array:
        """The middle (2,) of its box, which its bounding circle is about."""
        flat = self.hull[:, :2]
        middle: Array = (flat.min(0) + flat.max(0)) / 2
        return middle

    @cached_property
    def radius(self) -> float:
        """The radius of its bounding circle."""
        return float(np.linalg.norm(self.hull[:, :2] - self.middle, axis=1).max())
