"""The Frame: what the engine gave back of one view, named passes as arrays in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renderer.geometry.silhouette import Silhouette

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """What the engine gave back, top row first.

    Attributes:
        color: (h, w, 4) float32, linear Rec.709, premultiplied alpha; of ``Camera.pinhole``, as
            passes are but for what label kinds have asked for, which is of the camera.
        index: (h, w) int32, the instance whose surface the pixel centre's ray meets first, 0 for
            none; None from an engine that does not know it exactly, and where the lens bends.
        passes: by name, (h, w, channels) float32: ``albedo`` and ``normal`` for the denoiser,
            and what label kinds have asked for: ``surface_color``.
        warnings: what is to be known of the picture, each a sentence.
        silhouettes: by instance, of the objects that rays cannot follow: rendered by themselves.

    """

    color: Floats
    index: npt.NDArray[np.int32] | None = None
    passes: Mapping[str, Floats] = field(default_factory=dict)
    silhouettes: Mapping[int, Silhouette] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def nbytes(self) -> int:
        """What its passes take in memory."""
        index = 0 if self.index is None else self.index.nbytes
        return self.color.nbytes + index + sum(rows.nbytes for rows in self.passes.values())
