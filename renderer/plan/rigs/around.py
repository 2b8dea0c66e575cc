"""HDRIs all around, mixed at times, and perhaps a lamp."""

from __future__ import annotations

from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.rigs.panel import towards
from renderer.plan.rigs.world import hdri_world
from renderer.plan.site import Light, Site
from renderer.recipe.rigs import HdriRig
from renderer.shot.scene import Vector, WorldLayer
from renderer.values.draw import draw_among
from renderer.values.files import BUNDLED_HDRIS


def hdri_light(rig: HdriRig, draws: Draws, site: Site) -> Light:
    """Return one HDRI, or two mixed, and perhaps a lamp."""
    strength = draws.number("strength", rig.strength)
    lamp = draws.number("lamp", rig.lamp)
    # At night there is a rig of its own.
    names = [name for name in BUNDLED_HDRIS if name != "night"]
    name = draw_among(names, draws.stream, f"{draws.path}.hdri")
    world = hdri_world(name, strength * (1 - lamp), draws)
    if draws.unit("mixed") < draws.number("mixed share", rig.mixed):
        others = [each for each in names if each != name]
        other = draw_among(others, draws.stream, f"{draws.path}.other")
        share = 0.25 + 0.5 * draws.unit("share")
        layers = (
            _layer(name, world.rotation_deg, 1 - share),
            _layer(other, 360 * draws.unit("other rotation"), share),
        )
        world = world.model_copy(update={"hdri": None, "mix": layers})
    if lamp == 0:
        return Light(world, ())
    color = blackbody(draws.number("temperature_k", rig.temperature_k))
    position = site.at(360 * draws.unit("azimuth"), 30 + 45 * draws.unit("elevation"), 4.0)
    side = 2.0 * site.radius
    panel = towards(position, site.center, side, side)
    return Light(world, (panel.lamp_of_strength(strength * lamp, color, site.center),))


def _layer(name: str, rotation_deg: float, share: float) -> WorldLayer:
    color: Vector = (share, share, share)
    return WorldLayer(hdri=name, file=None, rotation_deg=rotation_deg, color=color)
