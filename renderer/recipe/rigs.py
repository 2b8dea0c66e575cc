"""Rigs: whole set-ups of light by name, with what may be told of each.

Lengths are in radii of the subject. A strength of 1 lights the subject as the world at strength 1
does; ``fill``, ``sun`` and ``rim`` are shares of it. 6500 K is the picture's white; temperatures by
default are what a camera's white balance leaves of a lamp's own.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from renderer.recipe.pattern import KindOrChoice, OpenShare, PatternKind
from renderer.values.colour import Share
from renderer.values.distribution import Choice, Integers, LogUniform, Strict, Uniform, choice_or
from renderer.values.number import Number, Single, within

Strength = Annotated[Number, within(0, 1e6)]
Kelvin = Annotated[Number, within(1000, 25000)]
Radii = Annotated[Number, within(0.001, 1000)]
RigName = Literal["window", "office", "sun_sky", "night", "tent", "studio", "hdri"]


class _Keyed(Strict):
    """A rig with one light that gives the direction."""

    azimuth_deg: Number | None = Field(
        None, description="Where the main light stands about the vertical; any where not said."
    )
    key_angle_deg: Number | None = Field(
        None,
        description="Instead, as the (first) camera sees it: 0 behind the camera, 90 at its right, "
        "180 behind the subject (backlight).",
    )

    @model_validator(mode="after")
    def _check_angles(self) -> Self:
        one_direction(self.azimuth_deg, self.key_angle_deg)
        return self


def one_direction(azimuth: Number | None, key_angle: Number | None) -> None:
    """Refuse two directions of one light."""
    if azimuth is not None and key_angle is not None:
        raise PydanticCustomError("exclusive", "light has azimuth_deg or key_angle_deg, not both")


class WindowRig(_Keyed):
    """A room with a large window at one side, at times with the sun in it."""

    name: Literal["window"] = "window"
    strength: Strength = Uniform(uniform=(1.0, 1.7))
    distance: Radii = Uniform(uniform=(2.5, 6.0))
    width: Radii = Uniform(uniform=(2.0, 5.0))
    height: Radii = Uniform(uniform=(2.5, 5.0))
    temperature_k: Kelvin = Uniform(uniform=(5500.0, 8500.0))
    fill: Share = Field(
        Uniform(uniform=(0.2, 0.5)), description="Share of the light that comes from the room."
    )
    fill_temperature_k: Kelvin = Uniform(uniform=(4800.0, 7500.0))
    sun: Share = Field(
        Choice[Single](choice=(0.0, Uniform(uniform=(0.5, 0.85))), weights=(2.0, 1.0)),
        description="Share that is the sun's through the window.",
    )
    sun_elevation_deg: Annotated[Number, within(5, 80)] = Uniform(uniform=(18.0, 42.0))
    pattern: KindOrChoice = Field(
        Choice[PatternKind](choice=("window", "blinds")),
        description="What the sun shines through.",
    )
    open: OpenShare = Uniform(uniform=(0.45, 0.85))


class OfficeRig(Strict):
    """Rows of panels in a ceiling."""

    name: Literal["office"] = "office"
    strength: Strength = Uniform(uniform=(1.0, 1.6))
    rows: Annotated[Number, within(1, 8, whole=True)] = Integers(integers=(1, 3))
    columns: Annotated[Number, within(1, 8, whole=True)] = Integers(integers=(2, 3))
    height: Radii = Uniform(uniform=(4.0, 9.0))
    temperature_k: Kelvin = Uniform(uniform=(4600.0, 7000.0))
    turn_deg: Number = Uniform(uniform=(0.0, 180.0))
    fill: Share = Field(
        Uniform(uniform=(0.2, 0.45)), description="Share of the light that walls throw back."
    )


class SunSkyRig(_Keyed):
    """A clear or hazy sky, and the sun as strong beside it as it is outdoors."""

    name: Literal["sun_sky"] = "sun_sky"
    strength: Strength = Uniform(uniform=(1.1, 1.9))
    elevation_deg: Annotated[Number, within(2, 90)] = Uniform(uniform=(10.0, 70.0))
    haze: Annotated[Number, within(0.1, 10)] = Field(
        LogUniform(loguniform=(0.5, 6.0)), description="Dust in the air: 1 clear, 5 hazy."
    )
    sun: Annotated[Number, within(0, 10)] = Field(
        Choice[Single](choice=(1.0, 0.5, 0.0), weights=(3.0, 1.0, 1.0)),
        description="1: as strong beside the sky as it is; 0: shade.",
    )
    pattern: KindOrChoice = Field(
        Choice[PatternKind](choice=("none", "leaves"), weights=(2.0, 1.0)),
        description="What the sun shines through.",
    )
    open: OpenShare = Uniform(uniform=(0.4, 0.8))


class NightRig(_Keyed):
    """A few small warm lamps, and next to nothing around them."""

    name: Literal["night"] = "night"
    strength: Strength = LogUniform(loguniform=(0.35, 1.1))
    count: Annotated[Number, within(1, 20, whole=True)] = Integers(integers=(1, 3))
    distance: Radii = Uniform(uniform=(2.5, 6.0))
    size: Radii = LogUniform(loguniform=(0.1, 0.8))
    elevation_deg: Annotated[Number, within(5, 90)] = Uniform(uniform=(25.0, 65.0))
    temperature_k: Kelvin = Uniform(uniform=(2400.0, 4200.0))
    fill: Share = Uniform(uniform=(0.08, 0.25))
    fill_temperature_k: Kelvin = Uniform(uniform=(3000.0, 9000.0))


class TentRig(Strict):
    """A light tent: white cloth all around, lit from outside."""

    name: Literal["tent"] = "tent"
    strength: Strength = Uniform(uniform=(1.1, 1.7))
    temperature_k: Kelvin = Uniform(uniform=(4500.0, 6800.0))
    fill: Share = Field(
        Uniform(uniform=(0.45, 0.7)), description="Share that comes from everywhere alike."
    )
    turn_deg: Number = Uniform(uniform=(0.0, 360.0))


class StudioRig(_Keyed):
    """A softbox, a weaker one from the other side, and at times a rim light from behind."""

    name: Literal["studio"] = "studio"
    strength: Strength = Uniform(uniform=(1.0, 1.6))
    elevation_deg: Annotated[Number, within(5, 85)] = Uniform(uniform=(25.0, 60.0))
    distance: Radii = Uniform(uniform=(3.0, 5.0))
    size: Radii = LogUniform(loguniform=(0.8, 3.0))
    temperature_k: Kelvin = Uniform(uniform=(4800.0, 6500.0))
    fill: Share = Field(
        Uniform(uniform=(0.15, 0.5)), description="The weaker softbox and the room together."
    )
    fill_temperature_k: Kelvin = Uniform(uniform=(3800.0, 6500.0))
    rim: Share = Choice[Single](choice=(0.0, Uniform(uniform=(0.2, 0.5))))


class HdriRig(Strict):
    """Bundled HDRIs, one or two of them mixed, and at times a lamp."""

    name: Literal["hdri"] = "hdri"
    strength: Strength = Uniform(uniform=(0.9, 1.5))
    mixed: Share = Field(0.3, description="How often a second HDRI is mixed in.")
    lamp: Share = Field(
        Choice[Single](choice=(0.0, Uniform(uniform=(0.2, 0.5)))), description="Share of the lamp."
    )
    temperature_k: Kelvin = Uniform(uniform=(3200.0, 7500.0))


Rig = WindowRig | OfficeRig | SunSkyRig | NightRig | TentRig | StudioRig | HdriRig


def _rig_shorthand(value: Any) -> Any:
    named = {"name": value} if isinstance(value, str) else value
    if isinstance(named, BaseModel):
        return named
    if not isinstance(named, dict):
        raise PydanticKnownError("model_type", {"class_name": "Rig"})
    if named.get("name") in get_args(RigName):
        return named
    if "name" not in named:
        names = ", ".join(get_args(RigName))
        raise PydanticCustomError("rig", "a rig has a name, one of {names}", {"names": names})
    expected = " or ".join(f"'{name}'" for name in get_args(RigName))
    if named is not value:
        raise PydanticKnownError("literal_error", {"expected": expected})
    raise PydanticCustomError("rig", "there is no such rig; there are {names}", {"names": expected})


OneRig = Annotated[
    Rig,
    Discriminator("name"),
    BeforeValidator(_rig_shorthand, json_schema_input_type=RigName | Rig),
]
RigOrChoice = Annotated[
    Annotated[OneRig, Tag("rig")] | Annotated[Choice[OneRig], Tag("choice")], choice_or("rig")
]


@cache
def default_rig() -> Choice[Rig]:
    """Return what lights a recipe that says nothing of light: rooms by day for the most part."""
    rigs = (WindowRig, OfficeRig, HdriRig, SunSkyRig, StudioRig, TentRig, NightRig)
    made: Choice[Rig] = Choice[OneRig](
        choice=tuple(rig() for rig in rigs), weights=(3.0, 3.0, 3.0, 2.0, 2.0, 1.0, 1.0)
    )
    return made
