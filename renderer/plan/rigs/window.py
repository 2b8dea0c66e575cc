"""A room with a window."""

from __future__ import annotations

import math

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.pattern import kind_of, pieces_of
from renderer.plan.rigs.panel import Panel
from renderer.plan.rigs.world import hdri_world
from renderer.plan.site import Light, Site, moved, outward, reverse
from renderer.recipe.rigs import WindowRig
from renderer.shot.scene import Lamp, PatternState, Vector

# The window turns from the sun by so many degrees at the most.
_ASKEW_DEG = 25.0
# The wall around it reaches so far, in radii of the subject.
_WALL = 12.0
# The sun's angular diameter, with the glow of the air around it.
SUN_DEG = 0.6


def window_light(rig: WindowRig, draws: Draws, site: Site) -> Light:
    """Return a window's light on a room: the sky's as a panel in the wall, at times the sun behind
    it, and what the room throws back as a tinted HDRI.
    """
    strength = draws.number("strength", rig.strength)
    fill = draws.number("fill", rig.fill)
    sun = draws.number("sun", rig.sun)
    azimuth = site.azimuth(draws, rig.azimuth_deg, rig.key_angle_deg)
    elevation = draws.number("sun_elevation_deg", rig.sun_elevation_deg)
    askew = _ASKEW_DEG * (2 * draws.unit("askew") - 1)
    width = site.radius * draws.number("width", rig.width)
    height = site.radius * draws.number("height", rig.height)
    away = draws.number("distance", rig.distance)
    # In the wall where the line to the sun goes through it.
    along = away / (math.cos(math.radians(elevation)) * math.cos(math.radians(askew)))
    x, y, z = site.at(azimuth, elevation, along)
    normal = outward(azimuth + askew, 0.0)
    center = (x, y, max(z, height / 2 + 0.1 * site.radius))
    panel = Panel(center, reverse(normal), width, height)
    color = blackbody(draws.number("temperature_k", rig.temperature_k))
    key = strength * (1 - fill)
    lamps = [panel.lamp_of_strength(key * (1 - sun), color, site.center)]
    if sun > 0:
        # What is meant lies between what faces the sun and what lies level.
        sunny = math.pi * key * sun / (0.5 + 0.5 * math.sin(math.radians(elevation)))
        pattern = _opening(rig, draws, site, panel, normal)
        lamps.append(_sun(azimuth, elevation, sunny, site, pattern))
    room = draws.number("fill_temperature_k", rig.fill_temperature_k)
    return Light(hdri_world("interior", strength * fill, draws, room), tuple(lamps))


def _opening(
    rig: WindowRig, draws: Draws, site: Site, panel: Panel, normal: Vector
) -> PatternState | None:
    """Return the wall with what is in the window, just behind the panel of the sky's light."""
    kind = kind_of(rig.pattern, draws, "pattern")
    if kind == "none":
        return None
    right, up = panel.edges
    return PatternState(
        kind=kind,
        center=moved(panel.center, normal, 0.02 * site.radius),
        right=right,
        up=up,
        width=panel.width,
        height=panel.height,
        border=0.0 if kind == "leaves" else _WALL * site.radius,
        pieces=pieces_of(kind, draws),
        open=draws.number("open", rig.open),
        seed=draws.stream.bits(f"{draws.path}.pattern"),
    )


def _sun(
    azimuth: float, elevation: float, power: float, site: Site, pattern: PatternState | None
) -> Lamp:
    """Return the sun: the lower, the redder."""
    towards = outward(azimuth, elevation)
    return Lamp(
        type="sun",
        position=moved(site.center, towards, 20 * site.radius),
        direction=reverse(towards),
        power=power,
        color=blackbody(3600 + 30 * elevation),
        size=SUN_DEG,
        spot_deg=50.0,
        pattern=pattern,
    )
