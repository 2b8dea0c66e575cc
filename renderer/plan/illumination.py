"""The light of a shot: the world around the scene, and lamps on a dome."""

from __future__ import annotations

import math
from pathlib import Path

from renderer.colour.srgb import srgb_to_linear
from renderer.colour.temperature import blackbody
from renderer.effects.draws import Draws
from renderer.plan.pattern import across_the_light
from renderer.plan.rigs.decide import decide_rig
from renderer.plan.site import Light, Site, moved
from renderer.recipe.lighting import Lighting, Lights, LightType, MixedHdri, World
from renderer.shot.files import file_ref, listed
from renderer.shot.scene import FileRef, Lamp, Vector, WorldLayer, WorldState
from renderer.values.distribution import Choice, Uniform
from renderer.values.draw import draw_among, draw_choice, draw_colour, draw_number
from renderer.values.files import BUNDLED_HDRIS, HDRI_SUFFIXES
from renderer.values.number import Number
from renderer.values.stream import Stream

# Irradiance at distance d facing a lamp of power P is P * share / d^2; a sun's power is its
# irradiance. Measured with Cycles 4.5 over a white diffuse plane: 0.3181, 0.0795, 0.0795.
IRRADIANCE_SHARE = {"area": 1 / math.pi, "point": 1 / (4 * math.pi), "spot": 1 / (4 * math.pi)}


def decide_light(lighting: Lighting, stream: Stream, folder: Path, site: Site) -> Light:
    """Draw all the light of a shot: that of a rig, or a world and lamps."""
    rig = lighting.rig_or_default
    if rig is not None:
        return decide_rig(rig, stream, site)
    return Light(_decide_world(lighting, stream, folder), _decide_lamps(lighting, stream, site))


def _decide_world(lighting: Lighting, stream: Stream, folder: Path) -> WorldState:
    world, path = lighting.world_or_default, "lighting.world"
    if isinstance(world, Choice):
        at = list(world.choice).index(draw_choice(world, stream, path))
        world, path = world.choice[at], f"{path}.{at}"
    return _world(world, path, stream, folder)


def _world(world: World, path: str, stream: Stream, folder: Path) -> WorldState:
    name, file, color = None, None, None
    mix: tuple[WorldLayer, ...] = ()
    if world.color is not None:
        color = srgb_to_linear(draw_colour(world.color, stream, f"{path}.color"))
    elif world.mix is not None:
        mix = _mix(world.mix, f"{path}.mix", stream, folder)
    else:
        assert world.hdri is not None
        name, file = _hdri(world.hdri, f"{path}.hdri", stream, folder)
    return WorldState(
        hdri=name,
        file=file,
        color=color,
        strength=draw_number(world.strength, stream, f"{path}.strength"),
        rotation_deg=draw_number(world.rotation_deg, stream, f"{path}.rotation_deg"),
        tint=_tint(world.temperature_k, path, stream),
        mix=mix,
    )


def _hdri(hdri: str, path: str, stream: Stream, folder: Path) -> tuple[str | None, FileRef | None]:
    """Return the name of a bundled HDRI, or the file that is drawn."""
    if hdri in BUNDLED_HDRIS:
        return hdri, None
    return None, file_ref(folder, draw_among(listed(folder, hdri, HDRI_SUFFIXES), stream, path))


def _mix(
    mix: tuple[MixedHdri, ...], path: str, stream: Stream, folder: Path
) -> tuple[WorldLayer, ...]:
    weights = [draw_number(m.weight, stream, f"{path}.{at}.weight") for at, m in enumerate(mix)]
    total = sum(weights)
    layers = []
    for at, (each, weight) in enumerate(zip(mix, weights, strict=True)):
        own = f"{path}.{at}"
        name, file = _hdri(each.hdri, f"{own}.hdri", stream, folder)
        # All weights 0 are no light, as a strength of 0 is.
        share = weight / total if total > 0 else 0.0
        red, green, blue = _tint(each.temperature_k, own, stream) or (1.0, 1.0, 1.0)
        layers.append(
            WorldLayer(
                hdri=name,
                file=file,
                rotation_deg=draw_number(each.rotation_deg, stream, f"{own}.rotation_deg"),
                color=(share * red, share * green, share * blue),
            )
        )
    return tuple(layers)


def _tint(temperature_k: Number | None, path: str, stream: Stream) -> Vector | None:
    """Return the linear factors of a temperature; 6500 is the white of the picture."""
    if temperature_k is None:
        return None
    return blackbody(draw_number(temperature_k, stream, f"{path}.temperature_k"))


def _decide_lamps(lighting: Lighting, stream: Stream, site: Site) -> tuple[Lamp, ...]:
    lamps: list[Lamp] = []
    for group, lights in enumerate(lighting.lights_or_default):
        path = f"lighting.lights.{group}"
        for number in range(round(draw_number(lights.count, stream, f"{path}.count"))):
            lamps.append(_lamp(lights, f"{path}.{number}", stream, site))
    return tuple(lamps)


def _lamp(lights: Lights, path: str, stream: Stream, site: Site) -> Lamp:
    kind: LightType = (
        draw_choice(lights.type, stream, f"{path}.type")
        if isinstance(lights.type, Choice)
        else lights.type
    )
    direction = _direction(lights, path, stream, site)
    distance = site.radius * draw_number(lights.distance, stream, f"{path}.distance")
    position = moved(site.center, direction, -distance)
    size = draw_number(lights.size, stream, f"{path}.size")
    if kind == "sun":
        # A sun has no distance: its angular diameter is what the disc would show from the subject.
        size = math.degrees(2 * math.atan(size * site.radius / 2 / distance))
    else:
        size *= site.radius
    pattern = None
    if lights.pattern is not None:
        draws = Draws(stream, f"{path}.pattern")
        pattern = across_the_light(
            lights.pattern, draws, position, direction, site, parallel=kind == "sun"
        )
    return Lamp(
        type=kind,
        position=position,
        direction=direction,
        power=_power(lights, kind, path, stream, distance),
        color=blackbody(draw_number(lights.temperature_k, stream, f"{path}.temperature_k")),
        size=size,
        spot_deg=draw_number(lights.spot_deg, stream, f"{path}.spot_deg"),
        pattern=pattern,
    )


def _direction(lights: Lights, path: str, stream: Stream, site: Site) -> Vector:
    """Draw the direction along which a lamp shines at the subject."""
    if lights.key_angle_deg is not None:
        drawn = draw_number(lights.key_angle_deg, stream, f"{path}.key_angle_deg")
        azimuth = math.radians(site.camera_deg + drawn)
    else:
        any_way = Uniform(uniform=(0.0, 360.0))
        said = any_way if lights.azimuth_deg is None else lights.azimuth_deg
        azimuth = math.radians(draw_number(said, stream, f"{path}.azimuth_deg"))
    elevation = math.radians(draw_number(lights.elevation_deg, stream, f"{path}.elevation_deg"))
    return (
        -(math.sin(azimuth) * math.cos(elevation)),
        math.cos(azimuth) * math.cos(elevation),
        -math.sin(elevation),
    )


def _power(lights: Lights, kind: str, path: str, stream: Stream, distance: float) -> float:
    if lights.power_w is not None:
        return draw_number(lights.power_w, stream, f"{path}.power_w")
    strength = 0.6 if lights.strength is None else lights.strength
    irradiance = math.pi * draw_number(strength, stream, f"{path}.strength")
    return irradiance if kind == "sun" else irradiance * distance**2 / IRRADIANCE_SHARE[kind]
