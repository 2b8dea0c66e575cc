"""A room in a recipe: what is around the objects in place of a photo or a void."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from renderer.values.colour import Hsv, Share
from renderer.values.distribution import Choice, LogUniform, Strict, Uniform
from renderer.values.finish import Family, Finish, FinishConfig
from renderer.values.number import Number, within

_PALE = Hsv(
    hsv=(Uniform(uniform=(0, 1)), Uniform(uniform=(0, 0.25)), Uniform(uniform=(0.55, 0.95)))
)


def _any_of(*families: Family) -> FinishConfig:
    return FinishConfig(family=Choice[Family](choice=families))


def _pale_walls() -> FinishConfig:
    return FinishConfig(
        family=Choice[Family](choice=("concrete", "plastic", "tile", "wood"), weights=(5, 2, 2, 1)),
        color=_PALE,
    )


class Room(Strict):
    """Four walls, a floor, and perhaps a table under the objects. They have no label, hide what is
    behind them, and are farther away than every camera; above the walls the world is seen.
    """

    distance: Annotated[Number, within(1, 1000)] = Field(
        LogUniform(loguniform=(3, 9)),
        description="Of each wall from the subject's middle, in its radii; farther where a camera "
        "or a thing is.",
    )
    height: Annotated[Number, within(0.1, 1000)] = Field(
        Uniform(uniform=(5.0, 9.0)),
        description="Of the walls above the subject's ground, in its radii.",
    )
    yaw_deg: Number = Field(Uniform(uniform=(0.0, 90.0)), description="How the room is turned.")
    table: Share = Field(
        0.5, description="The chance that the objects stand on a table, not on the floor."
    )
    table_size: Annotated[Number, within(2, 1000)] = Field(
        LogUniform(loguniform=(3, 7)),
        description="The table's length in radii of the subject; more where things need it.",
    )
    floor: Finish = Field(default_factory=lambda: _any_of("wood", "tile", "concrete", "fabric"))
    walls: Finish = Field(default_factory=_pale_walls)
    top: Finish = Field(
        default_factory=lambda: _any_of("wood", "plastic", "metal", "tile", "fabric"),
        description="The table's surface.",
    )
