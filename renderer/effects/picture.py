"""A picture on its way from the engine to the view transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Coverage below this is none: dividing by it would make noise of nothing.
_LEAST_COVER = 1e-4


@dataclass(frozen=True)
class Picture:
    """What a camera's sensor sees, before anything is mixed; top row first.

    Attributes:
        color: (h, w, 4) float32, scene-linear Rec.709 and coverage, premultiplied.
        backdrop: (h, w, 3) float32 display sRGB in 0..1, what stands behind; None where the world
            itself is seen, and all is covered.
        seed: for random numbers, another in every image and for every effect.

    """

    color: Floats
    backdrop: Floats | None
    seed: int

    @property
    def cover(self) -> Floats:
        """Coverage (h, w, 1) in 0..1; 1 where no backdrop could be seen."""
        if self.backdrop is None:
            return np.ones((*self.color.shape[:2], 1), np.float32)
        return np.clip(self.color[..., 3:], 0, 1)

    @property
    def straight(self) -> Floats:
        """The light (h, w, 3) of what covers a pixel, as if it covered all of it."""
        light = self.color[..., :3]
        if self.backdrop is None:
            return light
        cover = self.cover
        return np.divide(light, cover, out=np.zeros_like(light), where=cover > _LEAST_COVER)
