"""The light of a rig, drawn for one shot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from renderer.effects.draws import Draws
from renderer.plan.rigs.around import hdri_light
from renderer.plan.rigs.ceiling import office_light
from renderer.plan.rigs.night import night_light
from renderer.plan.rigs.outdoors import outdoor_light
from renderer.plan.rigs.softboxes import studio_light, tent_light
from renderer.plan.rigs.window import window_light
from renderer.plan.site import Light, Site
from renderer.recipe.rigs import Rig, RigName
from renderer.values.distribution import Choice
from renderer.values.draw import draw_choice
from renderer.values.stream import Stream

_LIGHT: dict[RigName, Callable[[Any, Draws, Site], Light]] = {
    "window": window_light,
    "office": office_light,
    "sun_sky": outdoor_light,
    "night": night_light,
    "tent": tent_light,
    "studio": studio_light,
    "hdri": hdri_light,
}


def decide_rig(rig: Rig | Choice[Rig], stream: Stream, site: Site) -> Light:
    """Draw a rig, and its light on the site."""
    path = "lighting.rig"
    if isinstance(rig, Choice):
        at = list(rig.choice).index(draw_choice(rig, stream, path))
        rig, path = rig.choice[at], f"{path}.{at}"
    return _LIGHT[rig.name](rig, Draws(stream, path), site)
