"""An object as if nothing were before it, and how much of that is seen."""

from __future__ import annotations

from dataclasses import dataclass

from renderer.geometry.crop import Crop
from renderer.geometry.silhouette import Silhouette


@dataclass(frozen=True)
class Whole:
    """An object by itself.

    Attributes:
        crop: its pixels in the frame.
        box: (x, y, w, h) of all its pixels, those beyond the frame too.
        visibility: visible pixels / its pixels in the frame.
        visib_fract: visible pixels / all its pixels.
        truncation: its pixels beyond the frame / all its pixels.

    """

    crop: Crop
    box: tuple[int, int, int, int]
    visibility: float
    visib_fract: float
    truncation: float

    @staticmethod
    def of(visible: Crop, alone: Silhouette) -> Whole:
        """Return an object by what is seen of it, at least a pixel, and its outline."""
        # A pixel on the very outline may fall either way by rounding; what is seen is there.
        crop = alone.crop | visible
        x, y, w, h = crop.box
        left, top, right, bottom = alone.bounds or (x, y, x + w, y + h)
        left, top, right, bottom = min(x, left), min(y, top), max(x + w, right), max(y + h, bottom)
        pixels = crop.area + alone.outside
        return Whole(
            crop,
            (left, top, right - left, bottom - top),
            visible.area / crop.area,
            visible.area / pixels,
            alone.outside / pixels,
        )
