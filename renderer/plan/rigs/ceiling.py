"""An office: rows of panels in a ceiling."""

from __future__ import annotations

import math

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.rigs.panel import Panel
from renderer.plan.rigs.world import hdri_world
from renderer.plan.site import Light, Site
from renderer.recipe.rigs import OfficeRig

# Of the ceiling's height: width and length of a panel, and what lies between their middles.
_WIDE, _LONG = 0.16, 0.5
_APART, _BEHIND = 0.7, 1.0
_UP = (0.0, 0.0, 1.0)
_DOWN = (0.0, 0.0, -1.0)


def office_light(rig: OfficeRig, draws: Draws, site: Site) -> Light:
    """Return panels of equal power, the subject anywhere below the middle of them, and what walls
    throw back as a tinted HDRI.
    """
    strength = draws.number("strength", rig.strength)
    fill = draws.number("fill", rig.fill)
    kelvin = draws.number("temperature_k", rig.temperature_k)
    panels = _panels(rig, draws, site)
    each = sum(panel.irradiance(site.center, _UP) for panel in panels)
    power = math.pi * strength * (1 - fill) / each
    lamps = tuple(panel.lamp(power, blackbody(kelvin)) for panel in panels)
    return Light(hdri_world("interior", strength * fill, draws, kelvin), lamps)


def _panels(rig: OfficeRig, draws: Draws, site: Site) -> list[Panel]:
    rows = round(draws.number("rows", rig.rows))
    columns = round(draws.number("columns", rig.columns))
    height = site.radius * draws.number("height", rig.height)
    turn = draws.number("turn_deg", rig.turn_deg)
    # The grid's place above the subject: up to half of what lies between two panels.
    right, ahead = (draws.unit("place.x") - 0.5, draws.unit("place.y") - 0.5)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    x, y, z = site.center
    panels = []
    for row in range(rows):
        for column in range(columns):
            a = (column - (columns - 1) / 2 + right) * _APART * height
            b = (row - (rows - 1) / 2 + ahead) * _BEHIND * height
            center = (x + cosine * a - sine * b, y + sine * a + cosine * b, z + height)
            panels.append(Panel(center, _DOWN, _WIDE * height, _LONG * height, turn))
    return panels
