"""Procedural surfaces as a recipe writes them: a family, and what is drawn of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Tag

from renderer.values.colour import Colour, Hsv, Share
from renderer.values.distribution import Choice, LogUniform, Strict, Uniform, choice_or
from renderer.values.draw import Rgb, draw_choice, draw_colour, draw_number
from renderer.values.number import Number, within
from renderer.values.stream import Stream

Family = Literal["wood", "fabric", "concrete", "metal", "plastic", "tile"]
FAMILIES: tuple[Family, ...] = get_args(Family)

# Patterns begin somewhere within so many metres, so that no two surfaces show the same piece.
_SPAN_M = 20.0


def _hsv(
    hue: tuple[float, float], saturation: tuple[float, float], value: tuple[float, float]
) -> Hsv:
    return Hsv(hsv=(Uniform(uniform=hue), Uniform(uniform=saturation), Uniform(uniform=value)))


# What each family has in life where a recipe does not say: colours (display sRGB), roughness.
_COLORS: dict[Family, Hsv] = {
    "wood": _hsv((0.05, 0.1), (0.3, 0.65), (0.3, 0.85)),
    "fabric": _hsv((0, 1), (0, 0.6), (0.2, 0.9)),
    "concrete": _hsv((0.06, 0.14), (0, 0.12), (0.4, 0.8)),
    "metal": _hsv((0.05, 0.14), (0, 0.12), (0.55, 0.85)),
    "plastic": _hsv((0, 1), (0, 0.85), (0.15, 0.95)),
    "tile": _hsv((0, 1), (0, 0.35), (0.35, 0.95)),
}
_ROUGHNESS: dict[Family, Uniform] = {
    "wood": Uniform(uniform=(0.3, 0.7)),
    "fabric": Uniform(uniform=(0.75, 1)),
    "concrete": Uniform(uniform=(0.6, 0.95)),
    "metal": Uniform(uniform=(0.2, 0.5)),
    "plastic": Uniform(uniform=(0.2, 0.65)),
    "tile": Uniform(uniform=(0.1, 0.5)),
}


class FinishConfig(Strict):
    """A procedural surface, its pattern in metres of the thing itself. Each key may be a
    distribution.
    """

    family: Annotated[
        Annotated[Family, Tag("family")] | Annotated[Choice[Family], Tag("choice")],
        choice_or("family"),
    ] = Field(
        Choice[Family](choice=FAMILIES),
        description="wood, fabric, concrete, metal, plastic or tile; any of them where not said.",
    )
    color: Colour | None = Field(
        None, description="Its main colour; where not said, one that the family has in life."
    )
    scale: Annotated[Number, within(1e-3, 1e3)] = Field(
        LogUniform(loguniform=(0.6, 1.6)),
        description="Size of planks, threads, pores or tiles, as a multiple of that in life.",
    )
    roughness: Share | None = Field(
        None, description="0 mirrors, 1 is matt; where not said, as the family is in life."
    )
    relief: Annotated[Number, within(0, 5)] = Field(
        1.0, description="Height of the bumps, as a multiple of that in life; 0 is flat."
    )


class FinishState(BaseModel):
    """A procedural surface, decided.

    Attributes:
        family: which.
        color: its main colour, display sRGB in 0..1.
        scale: size of its pattern, as a multiple of that in life.
        roughness: of the most of it.
        relief: height of its bumps, as a multiple of that in life.
        origin: where its pattern begins, in metres.

    """

    model_config = ConfigDict(frozen=True)

    family: Family
    color: Rgb
    scale: float
    roughness: float
    relief: float
    origin: tuple[float, float, float]


def finish_shorthand(value: Any) -> Any:
    """Take a family's name for a finish of it."""
    return {"family": value} if isinstance(value, str) else value


def draw_finish(finish: FinishConfig, stream: Stream, path: str) -> FinishState:
    """Return a surface for the key ``path``, each key from a stream of its own."""
    family = finish.family
    if isinstance(family, Choice):
        family = draw_choice(family, stream, f"{path}.family")
    color = _COLORS[family] if finish.color is None else finish.color
    roughness = _ROUGHNESS[family] if finish.roughness is None else finish.roughness
    x, y, z = (_SPAN_M * stream.unit(f"{path}.origin", axis) for axis in "xyz")
    return FinishState(
        family=family,
        color=draw_colour(color, stream, f"{path}.color"),
        scale=draw_number(finish.scale, stream, f"{path}.scale"),
        roughness=draw_number(roughness, stream, f"{path}.roughness"),
        relief=draw_number(finish.relief, stream, f"{path}.relief"),
        origin=(x, y, z),
    )


Finish = Annotated[
    FinishConfig,
    BeforeValidator(finish_shorthand, json_schema_input_type=FinishConfig | Family),
]
