"""Surfaces unlike those of the model's file: another batch, another year of use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, SceneDraft
from renderer.shot.scene import Frozen, Vector
from renderer.shot.shot import EffectState
from renderer.values.colour import Share
from renderer.values.distribution import Strict, Uniform
from renderer.values.number import Number, within

# Patterns begin somewhere within so many metres.
_SPAN_M = 20.0


class SurfaceConfig(Strict):
    """By how much. Each key is drawn for each object by itself, the first five for each of its
    materials where ``per`` says so.
    """

    hue_deg: Annotated[Number, within(-180, 180)] = Field(
        Uniform(uniform=(-6.0, 6.0)), description="By how much hues turn."
    )
    saturation: Annotated[Number, within(0, 4)] = Field(
        Uniform(uniform=(0.75, 1.2)), description="What saturation is multiplied with."
    )
    value: Annotated[Number, within(0, 4)] = Field(
        Uniform(uniform=(0.8, 1.15)), description="What brightness is multiplied with."
    )
    roughness: Annotated[Number, within(-1, 1)] = Field(
        Uniform(uniform=(-0.12, 0.12)), description="Added to roughness, textures included."
    )
    metal: Share = Field(
        0.0, description="The chance that a material is metal; 0 leaves what the model brings."
    )
    per: Literal["object", "material"] = Field(
        "object", description="material: each material of an object draws the above by itself."
    )
    grain: Annotated[Number, within(0, 1)] = Field(
        Uniform(uniform=(0.2, 0.5)),
        description="How much noise at two scales breaks up roughness and, by half, brightness.",
    )
    bump_mm: Annotated[Number, within(0, 10)] = Field(
        Uniform(uniform=(0.01, 0.05)), description="Height of fine bumps, in millimetres."
    )
    wear: Share = Field(
        Uniform(uniform=(0.0, 0.25)),
        description="Share of the surface that is rubbed or scratched.",
    )
    dirt: Share = Field(
        Uniform(uniform=(0.0, 0.25)), description="Share of the surface that has dust and dirt on."
    )
    print_shift: Annotated[Number, within(0, 0.2)] = Field(
        Uniform(uniform=(0.0, 0.003)),
        description="How far colour textures lie beside their place, as a share of their width.",
    )


class MaterialChange(Frozen):
    """What is done to one material: ``turn`` of hues (1 is all around), factors of saturation and
    value, what is added to roughness, and whether it is metal.
    """

    turn: float
    saturation: float
    value: float
    roughness: float
    metal: bool


class ObjectSurface(Frozen):
    """What is done to an object: its materials' changes in their order (one is for all of them),
    the height of bumps in metres, where patterns begin in metres, and how far prints are shifted in
    shares of the texture.
    """

    instance: int
    materials: tuple[MaterialChange, ...]
    grain: float
    bump_m: float
    wear: float
    dirt: float
    print_shift: tuple[float, float]
    origin: Vector


class SurfaceState(EffectState):
    """The surfaces of each object."""

    effect: Literal["surface"] = "surface"
    objects: tuple[ObjectSurface, ...]


class Surface(Effect[SurfaceConfig, SurfaceState]):
    """Colours, gloss, fine bumps, wear, dirt and the place of the print of what models bring, drawn
    for each object: two of one model differ. Shape and opacity stay.
    """

    name = "surface"
    stage = "render"
    Config = SurfaceConfig
    State = SurfaceState

    def draw(self, config: SurfaceConfig, draws: Draws, scene: SceneDraft) -> SurfaceState:
        """Return the surfaces of each object of one shot."""
        drawn = []
        for entry, own in draws.of_each(scene.objects):
            slots = max(scene.slots(entry.instance), 1) if config.per == "material" else 1
            drawn.append(_object(entry.instance, config, own, slots))
        return SurfaceState(objects=tuple(drawn))

    def apply_scene(self, state: SurfaceState, scene: RenderScene) -> Callable[[], None] | None:
        """Change the objects' materials, each its own copy."""
        from renderer.effects.surface.blender import weather

        for each in state.objects:
            items = scene.objects(each.instance)
            for number, material in enumerate(scene.materials(each.instance)):
                change = each.materials[number % len(each.materials)]
                weather(material, each, change, items, scene.units_per_m)
        return None


def _object(instance: int, config: SurfaceConfig, draws: Draws, slots: int) -> ObjectSurface:
    shift = draws.number("print_shift", config.print_shift)
    # To any side: less for most of them than for a few, as a box's corners are farther away.
    x, y = (shift * (2 * draws.unit(f"print_shift.{axis}") - 1) for axis in "xy")
    a, b, c = (_SPAN_M * draws.unit(f"origin.{axis}") for axis in "xyz")
    return ObjectSurface(
        instance=instance,
        materials=tuple(_change(config, draws.at(f"material.{at}")) for at in range(slots)),
        grain=draws.number("grain", config.grain),
        bump_m=draws.number("bump_mm", config.bump_mm) / 1000,
        wear=draws.number("wear", config.wear),
        dirt=draws.number("dirt", config.dirt),
        print_shift=(x, y),
        origin=(a, b, c),
    )


def _change(config: SurfaceConfig, draws: Draws) -> MaterialChange:
    return MaterialChange(
        turn=draws.number("hue_deg", config.hue_deg) / 360,
        saturation=draws.number("saturation", config.saturation),
        value=draws.number("value", config.value),
        roughness=draws.number("roughness", config.roughness),
        metal=draws.unit("metal.chance") < draws.number("metal", config.metal),
    )
