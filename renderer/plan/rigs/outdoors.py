"""Sun and sky."""

from __future__ import annotations

import math

from renderer.colour.daylight import daylight
from renderer.colour.luma import LUMA
from renderer.effects.draws import Draws
from renderer.plan.pattern import kind_of, pieces_of
from renderer.plan.site import Light, Site, cross, moved, outward, reverse
from renderer.recipe.rigs import SunSkyRig
from renderer.shot.scene import Lamp, PatternState, SkyState, Vector, WorldState

# The sun's angular diameter, with some glow of the air around it.
_SUN_DEG = 0.6
# What the ground throws back: dry earth and stone.
_GROUND: Vector = (0.26, 0.23, 0.19)
# How far a camera's white balance goes in making daylight neutral.
_BALANCED = 0.75
# Leaves hang so far from the subject, over such a width, in radii of it: so that the sun's disc
# blurs their shadows.
_CANOPY_AWAY, _CANOPY_WIDE = 14.0, 11.0


def outdoor_light(rig: SunSkyRig, draws: Draws, site: Site) -> Light:
    """Return a sky, the sun as strong beside it as it is, and what the ground throws back, all of
    it as a camera set to daylight shows it.
    """
    strength = draws.number("strength", rig.strength)
    elevation = draws.number("elevation_deg", rig.elevation_deg)
    haze = draws.number("haze", rig.haze)
    azimuth = site.azimuth(draws, rig.azimuth_deg, rig.key_angle_deg)
    share = draws.number("sun", rig.sun)
    sky, sun = daylight(elevation, haze)
    sine = math.sin(math.radians(elevation))
    level = [a + share * sine * b for a, b in zip(sky, sun, strict=True)]
    # What is exposed for: between what lies level and what faces the sun.
    lit = [a + share * (0.5 + 0.5 * sine) * b for a, b in zip(sky, sun, strict=True)]
    balance = _balance(lit)
    bright = math.pi * strength / _luminance(_times(lit, balance))
    color = _times(sun, balance)
    luminance = _luminance(color)
    lamps = []
    if share > 0 and luminance > 0:
        lamps.append(
            Lamp(
                type="sun",
                position=site.at(azimuth, elevation, 20.0),
                direction=reverse(outward(azimuth, elevation)),
                power=bright * share * luminance,
                color=tuple(each / luminance for each in color),
                size=_SUN_DEG,
                spot_deg=50.0,
                pattern=_canopy(rig, draws, site, azimuth, elevation),
            )
        )
    ground = tuple(a * e / math.pi for a, e in zip(_GROUND, level, strict=True))
    world = WorldState(
        hdri=None,
        file=None,
        color=None,
        strength=bright,
        rotation_deg=0.0,
        tint=balance,
        sky=SkyState(
            sun_elevation_deg=elevation, sun_azimuth_deg=azimuth, haze=haze, ground=ground
        ),
    )
    return Light(world, tuple(lamps))


def _canopy(
    rig: SunSkyRig, draws: Draws, site: Site, azimuth: float, elevation: float
) -> PatternState | None:
    """Return what the sun shines through, square in its light."""
    kind = kind_of(rig.pattern, draws, "pattern")
    if kind == "none":
        return None
    towards = outward(azimuth, elevation)
    turn = math.radians(azimuth)
    right = (math.cos(turn), math.sin(turn), 0.0)
    leaves = kind == "leaves"
    side = site.radius * (_CANOPY_WIDE if leaves else 2.0 + 2.0 * draws.unit("pattern size"))
    away = _CANOPY_AWAY if leaves else 5.0
    return PatternState(
        kind=kind,
        center=moved(site.center, towards, away * site.radius),
        right=right,
        up=cross(towards, right),
        width=side,
        height=side,
        border=0.0 if leaves else 12 * site.radius,
        pieces=pieces_of(kind, draws),
        open=draws.number("open", rig.open),
        seed=draws.stream.bits(f"{draws.path}.pattern"),
    )


def _balance(light: list[float]) -> Vector:
    """Return factors that bring a light most of the way to white."""
    luminance = _luminance(light)
    red, green, blue = ((luminance / max(each, 1e-6)) ** _BALANCED for each in light)
    return red, green, blue


def _luminance(color: list[float]) -> float:
    return sum(float(a) * b for a, b in zip(LUMA, color, strict=True))


def _times(color: tuple[float, ...] | list[float], factors: Vector) -> list[float]:
    return [a * b for a, b in zip(color, factors, strict=True)]
