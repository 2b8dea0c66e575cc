"""Normal random numbers for pictures that stay the same with every version of numpy."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_STEPS = 1 << 16


def normal_noise(seed: int, shape: tuple[int, ...]) -> Floats:
    """Return independent normal numbers of a shape, mean 0, deviation 1, at most 4.3 from 0.

    numpy promises the raw bits of a named generator, and not what its distributions make of them:
    so each 16 bits of Philox choose one of 65,536 equally likely quantiles.
    """
    count = prod(shape)
    raw = np.random.Philox(key=seed).random_raw(-(-count // 4))
    places = np.asarray(raw, "<u8").view("<u2")[:count]
    noise: Floats = _quantiles()[places].reshape(shape)
    return noise


@lru_cache(maxsize=1)
def _quantiles() -> Floats:
    bell = NormalDist()
    upper = [bell.inv_cdf((step + 0.5) / _STEPS) for step in range(_STEPS // 2, _STEPS)]
    half = np.array(upper, np.float32)
    return np.concatenate([-half[::-1], half])
