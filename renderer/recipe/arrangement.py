"""How several objects stand or lie together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic_core import PydanticCustomError

from renderer.recipe.drop import AnyDrop
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

if TYPE_CHECKING:
    from renderer.recipe.model import Recipe


class Arrangement(Strict):
    """How several objects stand together."""

    gap: Annotated[Number, within(0, 100)] = Field(
        0.15, description="Free space around each object, as a share of its own radius."
    )
    drop: AnyDrop | None = Field(
        None, description="Objects fall until they lie still, instead of standing apart."
    )


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
