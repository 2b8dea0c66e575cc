"""Depth as BOP has it: 16 bits in steps of some millimetres, 0 where nothing is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.errors import UserError
from renderer.export.sample import Sample
from renderer.truth.kinds.depth import DepthConfig, decode_depth

Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.uint16]

_MOST = 65535
_MM = 1000.0


def read_depth(sample: Sample, options: dict[str, Any]) -> Floats:
    """Return the depth (h, w) of an image in metres, infinite for nothing.

    Args:
        sample: the image.
        options: those that the dataset's depth labels have.

    Raises:
        DatasetError: it has none, or a damaged file.

    """
    file = sample.files.get("depth")
    if file is None:
        raise DatasetError(
            f"image {sample.image.id} has no depth file: orbitset dataset validate tells more"
        )
    size = sample.image.width, sample.image.height
    try:
        scale = DepthConfig.model_validate(options).scale
        return decode_depth(file.read(), size, scale)
    except UserError as error:
        raise DatasetError(f"{file.path}: {error}") from None


def depth_steps(depth: Floats, scale_mm: float, limit_m: float | None) -> Shorts | None:
    """Return depth (h, w) in metres as steps of some millimetres, 0 for nothing and for what is
    farther than a limit; None where 16 bits do not hold it.
    """
    there = np.isfinite(depth)
    if limit_m is not None:
        there &= depth <= limit_m
    steps = np.rint(np.where(there, depth, 0).astype(np.float64) * (_MM / scale_mm))
    if steps.max(initial=0) > _MOST:
        return None
    # What is nearer than half a step is there all the same.
    return np.where(there, np.maximum(steps, 1), 0).astype(np.uint16)


def farthest_m(scale_mm: float) -> float:
    """Return how far 16 bits reach, in metres."""
    return _MOST * scale_mm / _MM
