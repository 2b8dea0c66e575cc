"""Draw concrete values from a recipe's distributions."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from renderer.values.colour import Colour, Hsv, hex_to_rgb
from renderer.values.distribution import (
    Choice,
    Integers,
    LogUniform,
    LowDiscrepancy,
    Normal,
    SolidAngle,
    Steps,
    Stratified,
)
from renderer.values.number import Number
from renderer.values.stream import Stream

Rgb = tuple[float, float, float]


def draw_number(value: Number, stream: Stream, path: str) -> float:
    """Return one number for the key ``path``; a constant is returned as it is."""
    if isinstance(value, float | int):
        return float(value)
    if isinstance(value, Choice):
        return draw_number(draw_choice(value, stream, path), stream, f"{path}.option")
    if isinstance(value, Normal):
        return _truncated_normal(value, stream.unit(path))
    lo, hi = value.bounds()
    if isinstance(value, LogUniform):
        return float(min(lo * (hi / lo) ** stream.unit(path), hi))
    if isinstance(value, Integers):
        return float(min(lo + math.floor(stream.unit(path) * (hi - lo + 1)), hi))
    if isinstance(value, Steps):
        return lo + (hi - lo) * (stream.index % value.of) / value.of
    if isinstance(value, LowDiscrepancy):
        return lo + (hi - lo) * stream.low_discrepancy(path)
    if isinstance(value, Stratified):
        return lo + (hi - lo) * stream.stratified(path, value.strata)
    if isinstance(value, SolidAngle):
        low, high = math.sin(math.radians(lo)), math.sin(math.radians(hi))
        sine = low + (high - low) * stream.low_discrepancy(path)
        angle = math.degrees(math.asin(max(-1.0, min(1.0, sine))))
        return min(max(angle, lo), hi)
    return lo + (hi - lo) * stream.unit(path)


def _truncated_normal(value: Normal, unit: float) -> float:
    """Invert the truncated cumulative distribution at ``unit``."""
    mean, deviation = value.normal
    if deviation == 0:
        return mean
    lowest, highest = value.truncation()
    # The upper tail of the cumulative distribution has no float64 resolution left: mirror it.
    if lowest > mean:
        return -_between(-mean, deviation, -highest, -lowest, unit)
    return _between(mean, deviation, lowest, highest, unit)


def _between(mean: float, deviation: float, low: float, high: float, unit: float) -> float:
    bell = NormalDist(mean, deviation)
    below = bell.cdf(low) if math.isfinite(low) else 0.0
    above = bell.cdf(high) if math.isfinite(high) else 1.0
    share = min(max(below + (above - below) * unit, 5e-324), 1 - 2**-53)
    return min(max(bell.inv_cdf(share), low), high)


def draw_choice(value: Choice[Any], stream: Stream, path: str) -> Any:
    """Return one option, by weight."""
    weights = value.weights or (1.0,) * len(value.choice)
    return value.choice[_weighted(weights, stream.unit(path, "choice"))]


def _weighted(weights: tuple[float, ...], unit: float) -> int:
    mark = unit * sum(weights)
    for at, weight in enumerate(weights):
        mark -= weight
        if mark < 0:
            return at
    return max(at for at, weight in enumerate(weights) if weight > 0)


def draw_among(options: Sequence[str], stream: Stream, path: str) -> str:
    """Return one of several file names, each equally likely."""
    return options[min(int(stream.unit(path, "file") * len(options)), len(options) - 1)]


def draw_colour(value: Colour, stream: Stream, path: str) -> Rgb:
    """Return display sRGB in 0..1. ``random`` gives any hue, never garish, never near black."""
    if isinstance(value, Choice):
        return draw_colour(draw_choice(value, stream, path), stream, f"{path}.option")
    if isinstance(value, Hsv):
        hue, saturation, brightness = (
            draw_number(part, stream, f"{path}.{name}")
            for part, name in zip(value.hsv, ("h", "s", "v"), strict=True)
        )
        return colorsys.hsv_to_rgb(hue, saturation, brightness)
    if isinstance(value, str):
        if value != "random":
            return hex_to_rgb(value)
        units = [stream.unit(path, name) for name in ("h", "s", "v")]
        return colorsys.hsv_to_rgb(units[0], 0.6 * units[1], 0.35 + 0.6 * units[2])
    red, green, blue = (
        draw_number(part, stream, f"{path}.{name}")
        for part, name in zip(value, ("r", "g", "b"), strict=True)
    )
    return red, green, blue
