"""The lighting of a recipe: a rig by name, or the world around the scene and lamps on a dome."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, Tag, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.recipe.pattern import OnePattern
from renderer.recipe.rigs import Rig, RigOrChoice, default_rig, one_direction
from renderer.shot.engines import EngineName, capabilities
from renderer.values.colour import Colour
from renderer.values.distribution import Choice, Strict, Uniform, choice_or
from renderer.values.files import Hdri
from renderer.values.number import Number, within

LightType = Literal["area", "point", "sun", "spot"]
# So many HDRIs are held in memory at once.
MOST_MIXED = 4


class MixedHdri(Strict):
    """One of several HDRIs that light the scene together."""

    hdri: Hdri = Field(description="A bundled HDRI by name, a file, or a pattern.")
    weight: Annotated[Number, within(0, 1e6)] = Field(
        1.0, description="Its share of the light, of what all weights add up to."
    )
    rotation_deg: Number = Uniform(uniform=(0.0, 360.0))
    temperature_k: Annotated[Number, within(1000, 25000)] | None = Field(
        None, description="Tints it: 6500 leaves it as it is, less is warmer."
    )


class World(Strict):
    """Light from all around: an HDRI, several of them mixed, or one colour. A strength of 1 gives
    every HDRI the same mean radiance as white paper in full light, so that pictures are exposed
    alike.
    """

    hdri: Hdri | None = Field(None, description="A bundled HDRI by name, a file, or a pattern.")
    mix: Annotated[tuple[MixedHdri, ...], Field(min_length=2, max_length=MOST_MIXED)] | None = None
    color: Colour | None = None
    strength: Annotated[Number, within(0, 1e6)] = 1.0
    rotation_deg: Number = Uniform(uniform=(0.0, 360.0))
    temperature_k: Annotated[Number, within(1000, 25000)] | None = Field(
        None, description="Tints it: 6500 leaves it as it is, less is warmer."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        said = [each for each in (self.hdri, self.mix, self.color) if each is not None]
        if len(said) != 1:
            raise PydanticCustomError("exclusive", "a world has either hdri, mix or color")
        return self


class Lights(Strict):
    """Lamps on a dome above the subject. Distances and sizes are in radii of the subject, so that
    one recipe lights a thimble and a sofa alike.
    """

    type: Annotated[
        Annotated[LightType, Tag("type")] | Annotated[Choice[LightType], Tag("choice")],
        choice_or("type"),
    ] = "area"
    count: Annotated[Number, within(0, 100, whole=True)] = 1.0
    strength: Annotated[Number, within(0, 1e6)] | None = Field(
        None, description="1: as bright on the subject as the world at strength 1. The default."
    )
    power_w: Annotated[Number, within(0, 1e9)] | None = Field(
        None, description="Watts (a sun: W/m2) instead of strength."
    )
    temperature_k: Annotated[Number, within(1000, 25000)] = 6500.0
    azimuth_deg: Number | None = Field(None, description="Any direction where not said.")
    key_angle_deg: Number | None = Field(
        None,
        description="Instead of azimuth_deg, as the (first) camera sees it: 0 behind the camera, "
        "90 at its right, 180 behind the subject (backlight).",
    )
    elevation_deg: Annotated[Number, within(-90, 90)] = Uniform(uniform=(30.0, 75.0))
    distance: Annotated[Number, within(above=1.0)] = 4.0
    size: Annotated[Number, within(0.001, 100)] = 2.0
    spot_deg: Annotated[Number, within(1, 180)] = 50.0
    pattern: OnePattern | None = Field(None, description="What the lamp shines through.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.strength is not None and self.power_w is not None:
            raise PydanticCustomError("exclusive", "lights have strength or power_w, not both")
        one_direction(self.azimuth_deg, self.key_angle_deg)
        return self


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, dict | BaseModel) else value


class Lighting(Strict):
    """A rig by name; or the world and any number of groups of lamps. Where nothing is said, one of
    all rigs; where only one of world and lights is said, the other is a studio's.
    """

    rig: RigOrChoice | None = Field(
        None, description="A whole set-up of light by name, instead of world and lights."
    )
    world: (
        Annotated[
            Annotated[World, Tag("world")] | Annotated[Choice[World], Tag("choice")],
            choice_or("world"),
        ]
        | None
    ) = Field(None, description="Without it the HDRI studio at strength 0.8.")
    lights: (
        Annotated[
            tuple[Lights, ...],
            BeforeValidator(_one_or_many, json_schema_input_type=Lights | list[Lights]),
        ]
        | None
    ) = Field(None, description="Without them one area lamp of strength 0.6.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.rig is not None and (self.world is not None or self.lights is not None):
            raise PydanticCustomError(
                "exclusive",
                "a rig has a world and lamps of its own: write rig, or world and lights",
            )
        return self

    @property
    def rig_or_default(self) -> Rig | Choice[Rig] | None:
        """The rig; None where world and lights say what light there is."""
        if self.rig is None and self.world is None and self.lights is None:
            return default_rig()
        return self.rig

    @property
    def world_or_default(self) -> World | Choice[World]:
        """The world, where no rig has one."""
        return World(hdri="studio", strength=0.8) if self.world is None else self.world

    @property
    def lights_or_default(self) -> tuple[Lights, ...]:
        """The groups of lamps, where no rig has any."""
        return (Lights(strength=0.6),) if self.lights is None else self.lights


def must_be_shown(lighting: Lighting, engine: EngineName) -> None:
    """Make sure that the engine shows the rig and the patterns that a recipe asks for.

    Raises:
        ValidationError: it shades surfaces without any light; tells where in the recipe it stands.

    """
    if capabilities(engine).lit:
        return
    asked: list[tuple[tuple[str | int, ...], Any]] = [
        (("lights", at, "pattern"), each.pattern)
        for at, each in enumerate(lighting.lights or ())
        if each.pattern is not None and each.pattern.kind != "none"
    ]
    if lighting.rig is not None:
        asked.append((("rig",), getattr(lighting.rig, "name", "choice")))
    if not asked:
        return
    error = PydanticCustomError(
        "unlit",
        "{engine} shows no light, so this would change nothing: leave it out, or render with "
        "cycles or eevee",
        {"engine": engine},
    )
    details = [
        InitErrorDetails(type=error, loc=("lighting", *place), input=value)
        for place, value in asked
    ]
    raise ValidationError.from_exception_data("lighting", details)
