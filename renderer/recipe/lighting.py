"""The lighting of a recipe: the world around the scene, and lamps on a dome."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.colour import Colour
from renderer.values.distribution import Choice, Strict, Uniform, choice_or
from renderer.values.files import Hdri
from renderer.values.number import Number, within

LightType = Literal["area", "point", "sun", "spot"]


class World(Strict):
    """Light from all around: an HDRI or one colour. A strength of 1 gives every HDRI the same mean
    radiance as white paper in full light, so that pictures are exposed alike.
    """

    hdri: Hdri | None = Field(None, description="A bundled HDRI by name, a file, or a pattern.")
    color: Colour | None = None
    strength: Annotated[Number, within(0, 1e6)] = 1.0
    rotation_deg: Number = Uniform(uniform=(0.0, 360.0))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.hdri is None) == (self.color is None):
            raise PydanticCustomError("exclusive", "a world has either hdri or color")
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
    azimuth_deg: Number = Uniform(uniform=(0.0, 360.0))
    elevation_deg: Annotated[Number, within(-90, 90)] = Uniform(uniform=(30.0, 75.0))
    distance: Annotated[Number, within(above=1.0)] = 4.0
    size: Annotated[Number, within(0.001, 100)] = 2.0
    spot_deg: Annotated[Number, within(1, 180)] = 50.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.strength is not None and self.power_w is not None:
            raise PydanticCustomError("exclusive", "lights have strength or power_w, not both")
        return self


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, dict | BaseModel) else value


class Lighting(Strict):
    """The world and any number of groups of lamps."""

    world: Annotated[
        Annotated[World, Tag("world")] | Annotated[Choice[World], Tag("choice")],
        choice_or("world"),
    ] = World(hdri="studio", strength=0.8)
    lights: Annotated[
        tuple[Lights, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=Lights | list[Lights]),
    ] = (Lights(strength=0.6),)
