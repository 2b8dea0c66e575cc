"""A studio's softboxes, and a light tent."""

from __future__ import annotations

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.rigs.panel import Panel, towards
from renderer.plan.rigs.world import hdri_world, plain_world
from renderer.plan.site import Light, Site
from renderer.recipe.rigs import StudioRig, TentRig

# Where the main softbox stands where nobody says, from the camera's side.
_KEY_DEG = 75.0
# The tent's cloth: how far away, and how large, in radii of the subject.
_CLOTH_AWAY, _CLOTH_WIDE = 6.0, 9.0
# Its sides lean over the subject: one that stood on the floor would end in a line there.
_LEAN_DEG = 40.0


def studio_light(rig: StudioRig, draws: Draws, site: Site) -> Light:
    """Return a softbox, a larger and weaker one at the other side, and perhaps a rim light."""
    strength = draws.number("strength", rig.strength)
    fill = draws.number("fill", rig.fill)
    away = draws.number("distance", rig.distance)
    size = draws.number("size", rig.size)
    if rig.azimuth_deg is None and rig.key_angle_deg is None:
        azimuth = site.camera_deg + _KEY_DEG * (2 * draws.unit("key_angle_deg") - 1)
    else:
        azimuth = site.azimuth(draws, rig.azimuth_deg, rig.key_angle_deg)
    elevation = draws.number("elevation_deg", rig.elevation_deg)
    key = blackbody(draws.number("temperature_k", rig.temperature_k))
    weaker = blackbody(draws.number("fill_temperature_k", rig.fill_temperature_k))
    across = azimuth + 100 + 120 * draws.unit("across")
    lamps = [
        _softbox(site, azimuth, elevation, away, size).lamp_of_strength(
            strength * (1 - fill), key, site.center
        ),
        _softbox(site, across, 20 + 30 * draws.unit("low"), away, 1.5 * size).lamp_of_strength(
            strength * fill / 2, weaker, site.center
        ),
    ]
    rim = draws.number("rim", rig.rim)
    if rim > 0:
        behind = site.camera_deg + 180 + 40 * (2 * draws.unit("behind") - 1)
        lamps.append(
            _softbox(site, behind, 45, away, 0.7).lamp_of_strength(strength * rim, key, site.center)
        )
    return Light(hdri_world("studio", strength * fill / 2, draws), tuple(lamps))


def _softbox(site: Site, azimuth: float, elevation: float, away: float, size: float) -> Panel:
    side = size * site.radius
    # None of it below the floor, however large.
    return towards(site.at(azimuth, elevation, max(away, size)), site.center, side, side)


def tent_light(rig: TentRig, draws: Draws, site: Site) -> Light:
    """Return light from everywhere, and more of it through each of the four sides and from above,
    none as bright as another.
    """
    strength = draws.number("strength", rig.strength)
    fill = draws.number("fill", rig.fill)
    color = blackbody(draws.number("temperature_k", rig.temperature_k))
    turn = draws.number("turn_deg", rig.turn_deg)
    each, side = strength * (1 - fill), _CLOTH_WIDE * site.radius
    lamps = []
    for at in range(5):
        above = at == 4
        position = site.at(turn + 90 * at, 90.0 if above else _LEAN_DEG, _CLOTH_AWAY)
        share = 0.5 + 0.5 * draws.unit("top") if above else 0.1 + 0.5 * draws.unit(f"side.{at}")
        cloth = towards(position, site.center, side, side)
        lamps.append(cloth.lamp_of_strength(each * share, color, site.center))
    return Light(plain_world(color, strength * fill), tuple(lamps))
