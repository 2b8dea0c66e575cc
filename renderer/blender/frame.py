"""The Frame: named passes as arrays in memory. Imports no bpy, so that any room may handle one."""

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
        color: (h, w, 4) float32, linear Rec.709, premultiplied alpha.
        index: (h, w) int32, the instance whose surface the pixel centre's ray meets first, 0 for
            none; None from an engine without this pass.
        albedo: (h, w, 3) float32 for the denoiser, or None.
        normal: (h, w, 3) float32 for the denoiser, or None.
        warnings: what is to be known of the picture, each a sentence.
        silhouettes: by instance, of the objects that rays cannot follow: rendered by themselves.

    """

    color: Floats
    index: npt.NDArray[np.int32] | None = None
    albedo: Floats | None = None
    normal: Floats | None = None
    silhouettes: Mapping[int, Silhouette] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
