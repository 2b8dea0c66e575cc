"""Display sRGB and light intensities (IEC 61966-2-1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Rgb = tuple[float, float, float]


def srgb_to_linear(colour: Rgb) -> Rgb:
    """Return linear Rec.709 of display sRGB (IEC 61966-2-1)."""

    def one(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (one(value) for value in colour)
    return red, green, blue


def to_linear(display: Floats) -> Floats:
    """Return light intensities of display sRGB (IEC 61966-2-1)."""
    low = display / 12.92
    high = ((np.maximum(display, 0) + 0.055) / 1.055) ** 2.4
    return np.where(display <= 0.04045, low, high).astype(np.float32)


def to_display(linear: Floats) -> Floats:
    """Return display sRGB of light intensities (IEC 61966-2-1)."""
    low = linear * 12.92
    high = 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, low, high).astype(np.float32)
