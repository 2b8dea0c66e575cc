"""The colour of light of a temperature."""

from __future__ import annotations

Rgb = tuple[float, float, float]


def blackbody(kelvin: float) -> Rgb:
    """Return the linear Rec.709 colour of a light of a temperature, with luminance 1.

    Chromaticity: CIE daylight locus from 4,000 K up, the Planckian locus below (Kang et al. 2002,
    "Design of advanced color temperature control system for HDTV applications", eq. 11-12).
    """
    x, y = chromaticity(kelvin)
    big_x, big_z = x / y, (1 - x - y) / y
    red = 3.2404542 * big_x - 1.5371385 - 0.4985314 * big_z
    green = -0.9692660 * big_x + 1.8760108 + 0.0415560 * big_z
    blue = 0.0556434 * big_x - 0.2040259 + 1.0572252 * big_z
    return max(red, 0.0), max(green, 0.0), max(blue, 0.0)


def chromaticity(kelvin: float) -> tuple[float, float]:
    """Return CIE 1931 (x, y) of a light of a temperature, 1,667 to 25,000 K (clamped)."""
    t = min(max(kelvin, 1667.0), 25000.0)
    if t >= 4000:
        if t <= 7000:
            x = -4.6070e9 / t**3 + 2.9678e6 / t**2 + 0.09911e3 / t + 0.244063
        else:
            x = -2.0064e9 / t**3 + 1.9018e6 / t**2 + 0.24748e3 / t + 0.237040
        return x, -3.0 * x * x + 2.87 * x - 0.275
    x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
    if t < 2222:
        return x, -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    return x, -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
