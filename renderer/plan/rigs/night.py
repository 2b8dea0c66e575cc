"""Night: a few small warm lamps."""

from __future__ import annotations

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.rigs.panel import towards
from renderer.plan.rigs.world import hdri_world
from renderer.plan.site import Light, Site
from renderer.recipe.rigs import NightRig


def night_light(rig: NightRig, draws: Draws, site: Site) -> Light:
    """Return lamps of which the first is the strongest, and a dim world."""
    strength = draws.number("strength", rig.strength)
    fill = draws.number("fill", rig.fill)
    count = round(draws.number("count", rig.count))
    shares = [1.0] + [0.15 + 0.5 * draws.unit(f"{at}.share") for at in range(1, count)]
    lamps = []
    for at, share in enumerate(shares):
        own = draws.at(str(at))
        first = at == 0
        azimuth = site.azimuth(
            own, rig.azimuth_deg if first else None, rig.key_angle_deg if first else None
        )
        elevation = own.number("elevation_deg", rig.elevation_deg)
        position = site.at(azimuth, elevation, own.number("distance", rig.distance))
        side = site.radius * own.number("size", rig.size)
        color = blackbody(own.number("temperature_k", rig.temperature_k))
        bright = strength * (1 - fill) * share / sum(shares)
        lamps.append(
            towards(position, site.center, side, side).lamp_of_strength(bright, color, site.center)
        )
    around = draws.number("fill_temperature_k", rig.fill_temperature_k)
    return Light(hdri_world("night", strength * fill, draws, around), tuple(lamps))
