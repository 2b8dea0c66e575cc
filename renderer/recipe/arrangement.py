"""How several objects stand or lie together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.recipe.drop import AnyDrop
from renderer.recipe.layout import Layout
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

if TYPE_CHECKING:
    from renderer.recipe.model import Recipe


class Arrangement(Strict):
    """How several objects stand together."""

    gap: Annotated[Number, within(0, 100)] = Field(
        0.15, description="Free space around each object, as a share of its own radius."
    )
    layout: Annotated[Layout | None, Field(exclude_if=lambda said: said is None)] = Field(
        None, description="Objects stand in a grid, on a shelf, scattered or in clusters."
    )
    drop: Annotated[AnyDrop | None, Field(exclude_if=lambda said: said is None)] = Field(
        None, description="Objects fall until they lie still, instead of standing apart."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.layout is not None and self.drop is not None:
            raise PydanticCustomError(
                "exclusive", "has `layout`, by which objects stand, and `drop`: leave one out"
            )
        return self


def must_all_fall(recipe: Recipe) -> None:
    """Refuse objects that float where objects are dropped.

    Raises:
        PydanticCustomError: there are such.

    """
    floating = [spec.category for spec in recipe.objects if not spec.resting]
    if recipe.arrangement.drop is not None and floating:
        raise PydanticCustomError(
            "exclusive",
            "arrangement.drop lets objects fall, and {category} has resting: false: "
            "leave out one of the two",
            {"category": floating[0]},
        )
