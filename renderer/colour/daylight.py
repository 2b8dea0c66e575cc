"""Daylight: how bright sky and sun are beside each other, in the units of Blender's sky."""

from __future__ import annotations

import math
from bisect import bisect_right

Rgb = tuple[float, float, float]

_HAZE = (0.1, 0.3, 1.0, 3.0, 10.0)
_ELEVATION_DEG = (2.0, 5.0, 10.0, 20.0, 35.0, 55.0, 90.0)
# For each haze and elevation: irradiance of the sky on level ground, and of the sun on what faces
# it, linear Rec.709. Measured with Cycles 4.5 over a white diffuse plane: the sky with and without
# its sun's disc.
_MEASURED: tuple[tuple[tuple[Rgb, Rgb], ...], ...] = (
    (
        ((1.84, 2.35, 2.54), (54.94, 19.10, 0.10)),
        ((2.61, 3.75, 4.59), (92.79, 48.52, 10.39)),
        ((3.37, 5.08, 7.06), (120.80, 79.82, 34.67)),
        ((4.05, 6.20, 9.52), (139.90, 106.05, 66.62)),
        ((4.43, 6.83, 11.12), (149.01, 119.87, 88.16)),
        ((4.65, 7.21, 12.17), (153.26, 126.59, 99.91)),
        ((4.77, 7.44, 12.83), (155.25, 129.66, 105.44)),
    ),
    (
        ((1.89, 2.35, 2.51), (47.99, 16.70, 0.092)),
        ((2.77, 3.81, 4.56), (87.41, 45.71, 9.79)),
        ((3.66, 5.24, 7.08), (117.17, 77.42, 33.63)),
        ((4.51, 6.51, 9.66), (137.74, 104.41, 65.59)),
        ((5.02, 7.27, 11.38), (147.63, 118.76, 87.35)),
        ((5.31, 7.72, 12.51), (152.27, 125.77, 99.26)),
        ((5.45, 7.97, 13.20), (154.56, 129.08, 104.97)),
    ),
    (
        ((2.00, 2.30, 2.41), (29.95, 10.46, 0.066)),
        ((3.19, 3.93, 4.45), (70.92, 37.10, 7.95)),
        ((4.53, 5.71, 7.11), (105.31, 69.59, 30.23)),
        ((6.00, 7.52, 10.09), (130.44, 98.88, 62.12)),
        ((6.98, 8.72, 12.24), (142.91, 114.97, 84.56)),
        ((7.52, 9.43, 13.66), (148.84, 122.94, 97.03)),
        ((7.76, 9.79, 14.48), (152.64, 127.48, 103.66)),
    ),
    (
        ((1.91, 2.06, 2.15), (7.91, 2.79, 0.024)),
        ((3.67, 3.93, 4.09), (39.06, 20.45, 4.39)),
        ((6.01, 6.43, 7.00), (77.64, 51.30, 22.29)),
        ((9.18, 9.65, 10.94), (111.66, 84.65, 53.17)),
        ((11.69, 12.21, 14.28), (130.25, 104.78, 77.07)),
        ((13.18, 13.81, 16.57), (139.48, 115.20, 90.92)),
        ((13.80, 14.55, 17.81), (142.86, 119.32, 97.03)),
    ),
    (
        ((1.15, 1.33, 1.51), (0.089, 0.033, 0.001)),
        ((2.82, 2.83, 2.88), (4.87, 2.55, 0.55)),
        ((6.31, 5.92, 5.61), (26.72, 17.66, 7.68)),
        ((13.14, 11.95, 11.11), (64.81, 49.13, 30.86)),
        ((20.77, 18.81, 17.77), (94.12, 75.72, 55.69)),
        ((26.40, 24.02, 23.22), (111.10, 91.76, 72.42)),
        ((29.12, 26.64, 26.20), (118.58, 99.03, 80.53)),
    ),
)


def daylight(sun_elevation_deg: float, haze: float) -> tuple[Rgb, Rgb]:
    """Return the irradiance of a clear sky on level ground and of the sun on what faces it.

    Args:
        sun_elevation_deg: of the sun, 2 to 90 (clamped).
        haze: dust in the air, 0.1 to 10 (clamped); 1 is a clear day.

    Returns:
        Linear Rec.709 each, in the units of Blender's sky at strength 1.

    """
    column, right = _between(_ELEVATION_DEG, sun_elevation_deg)
    row, down = _between(_HAZE, haze)
    upper = _mixed(_MEASURED[row][column], _MEASURED[row][column + 1], right)
    lower = _mixed(_MEASURED[row + 1][column], _MEASURED[row + 1][column + 1], right)
    return _mixed(upper, lower, down)


def _between(marks: tuple[float, ...], value: float) -> tuple[int, float]:
    """Return the mark before a value, and how far it is on the (logarithmic) way to the next."""
    value = min(max(value, marks[0]), marks[-1])
    at = min(bisect_right(marks, value), len(marks) - 1) - 1
    return at, math.log(value / marks[at]) / math.log(marks[at + 1] / marks[at])


def _mixed(a: tuple[Rgb, Rgb], b: tuple[Rgb, Rgb], share: float) -> tuple[Rgb, Rgb]:
    return _between_colours(a[0], b[0], share), _between_colours(a[1], b[1], share)


def _between_colours(a: Rgb, b: Rgb, share: float) -> Rgb:
    red, green, blue = (p + share * (q - p) for p, q in zip(a, b, strict=True))
    return red, green, blue
