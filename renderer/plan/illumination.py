"""The light of a shot: the world around the scene, and lamps on a dome."""

from __future__ import annotations

import math
from pathlib import Path

from renderer.colour.srgb import srgb_to_linear
from renderer.colour.temperature import blackbody
from renderer.recipe.lighting import Lighting, Lights, LightType, World
from renderer.shot.files import file_ref, listed
from renderer.shot.scene import Lamp, Vector, WorldState
from renderer.values.distribution import Choice
from renderer.values.draw import draw_among, draw_choice, draw_colour, draw_number
from renderer.values.files import BUNDLED_HDRIS, HDRI_SUFFIXES
from renderer.values.stream import Stream

# Irradiance at distance d facing a lamp of power P is P * share / d^2; a sun's power is its
# irradiance. Measured with Cycles 4.5 over a white diffuse plane: 0.3181, 0.0795, 0.0795.
IRRADIANCE_SHARE = {"area": 1 / math.pi, "point": 1 / (4 * math.pi), "spot": 1 / (4 * math.pi)}


def decide_world(lighting: Lighting, stream: Stream, folder: Path) -> WorldState:
    """Draw the world."""
    world, path = lighting.world, "lighting.world"
    if isinstance(world, Choice):
        at = list(world.choice).index(draw_choice(world, stream, path))
        world, path = world.choice[at], f"{path}.{at}"
    return _world(world, path, stream, folder)


def _world(world: World, path: str, stream: Stream, folder: Path) -> WorldState:
    name, file, color = None, None, None
    if world.hdri is None:
        assert world.color is not None
        color = srgb_to_linear(draw_colour(world.color, stream, f"{path}.color"))
    elif world.hdri in BUNDLED_HDRIS:
        name = world.hdri
    else:
        chosen = draw_among(listed(folder, world.hdri, HDRI_SUFFIXES), stream, f"{path}.hdri")
        file = file_ref(folder, chosen)
    return WorldState(
        hdri=name,
        file=file,
        color=color,
        strength=draw_number(world.strength, stream, f"{path}.strength"),
        rotation_deg=draw_number(world.rotation_deg, stream, f"{path}.rotation_deg"),
    )


def decide_lamps(
    lighting: Lighting, stream: Stream, center: Vector, radius: float
) -> tuple[Lamp, ...]:
    """Draw the lamps; ``center`` and ``radius`` are the subject's bounding sphere in metres."""
    lamps: list[Lamp] = []
    for group, lights in enumerate(lighting.lights):
        path = f"lighting.lights.{group}"
        for number in range(round(draw_number(lights.count, stream, f"{path}.count"))):
            lamps.append(_lamp(lights, f"{path}.{number}", stream, center, radius))
    return tuple(lamps)


def _lamp(lights: Lights, path: str, stream: Stream, center: Vector, radius: float) -> Lamp:
    kind: LightType = (
        draw_choice(lights.type, stream, f"{path}.type")
        if isinstance(lights.type, Choice)
        else lights.type
    )
    azimuth = math.radians(draw_number(lights.azimuth_deg, stream, f"{path}.azimuth_deg"))
    elevation = math.radians(draw_number(lights.elevation_deg, stream, f"{path}.elevation_deg"))
    outward = (
        math.sin(azimuth) * math.cos(elevation),
        -math.cos(azimuth) * math.cos(elevation),
        math.sin(elevation),
    )
    distance = radius * draw_number(lights.distance, stream, f"{path}.distance")
    x, y, z = (c + distance * o for c, o in zip(center, outward, strict=True))
    size = draw_number(lights.size, stream, f"{path}.size")
    if kind == "sun":
        # A sun has no distance: its angular diameter is what the disc would show from the subject.
        size = math.degrees(2 * math.atan(size * radius / 2 / distance))
    else:
        size *= radius
    return Lamp(
        type=kind,
        position=(x, y, z),
        direction=(-outward[0], -outward[1], -outward[2]),
        power=_power(lights, kind, path, stream, distance),
        color=blackbody(draw_number(lights.temperature_k, stream, f"{path}.temperature_k")),
        size=size,
        spot_deg=draw_number(lights.spot_deg, stream, f"{path}.spot_deg"),
    )


def _power(lights: Lights, kind: str, path: str, stream: Stream, distance: float) -> float:
    if lights.power_w is not None:
        return draw_number(lights.power_w, stream, f"{path}.power_w")
    strength = 0.6 if lights.strength is None else lights.strength
    irradiance = math.pi * draw_number(strength, stream, f"{path}.strength")
    return irradiance if kind == "sun" else irradiance * distance**2 / IRRADIANCE_SHARE[kind]
