"""How a recipe's objects stand beside each other where they are not just put close together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.values.distribution import Strict, Uniform
from renderer.values.number import Number, within

if TYPE_CHECKING:
    from renderer.recipe.model import Recipe

Share = Annotated[Number, within(0, 1)]
Gap = Annotated[Number, within(0, 100)]


class Grid(Strict):
    """Rows and columns of places, each large enough for the largest object."""

    columns: Annotated[Number, within(1, 10_000, whole=True)] | None = Field(
        None, description="How many places a row has; without it as many as there are rows."
    )
    gap: Gap = Field(0.2, description="Free space between places, as a share of their size.")
    jitter: Share = Field(
        0.3,
        description="How far objects stand beside the middle of their place, as a share of "
        "the room there.",
    )
    empty: Annotated[Number, within(0, 0.95)] = Field(
        0.0, description="Share of the places that nothing stands on."
    )
    mixed: bool = Field(
        True, strict=True, description="false: objects stand in the order of the recipe."
    )


class Shelf(Strict):
    """Boards over each other with objects in rows from left to right, seen from their front: the
    camera at azimuth 0.
    """

    levels: Annotated[Number, within(1, 20, whole=True)] = Field(
        3.0, description="How many boards there are."
    )
    deep: Annotated[Number, within(1, 20, whole=True)] = Field(
        1.0, description="How many objects stand behind each other."
    )
    gap: Gap = Field(
        Uniform(uniform=(0.05, 0.3)),
        description="Free space beside each object, as a share of its width.",
    )
    headroom: Gap = Field(
        0.35, description="Free space above the tallest object of a board, as a share of it."
    )
    jitter: Share = Field(
        0.3,
        description="How far objects stand beside the middle of their place, as a share of "
        "the room there.",
    )
    empty: Annotated[Number, within(0, 0.95)] = Field(
        0.0, description="Share of the places that nothing stands on."
    )
    mixed: bool = Field(
        False, strict=True, description="true: objects in any order, not in that of the recipe."
    )


class Scatter(Strict):
    """Anywhere on a square of floor, at a density."""

    per_m2: Annotated[Number, within(1e-9, 1e9)] = Field(
        description="Objects per square metre; with their count it says how large the square is."
    )
    gap: Gap = Field(0.02, description="Free space around each, as a share of its radius.")


class Clusters(Strict):
    """Several heaps side by side, each put close together as objects are without a layout."""

    count: Annotated[Number, within(1, 100, whole=True)] = Field(description="How many heaps.")
    apart: Gap = Field(
        Uniform(uniform=(0.3, 1.5)),
        description="Free space between two of them, as a share of their radii.",
    )


class Layout(Strict):
    """One way in which the objects stand: a grid, a shelf, scattered, or in clusters."""

    grid: Grid | None = None
    shelf: Shelf | None = None
    scatter: Scatter | None = None
    clusters: Clusters | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = tuple(type(self).model_fields)
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise PydanticCustomError(
                "exclusive", "a layout has one of {names}", {"names": ", ".join(names)}
            )
        return self


def must_have_free_places(recipe: Recipe) -> None:
    """Make sure that a layout decides where objects stand, and nothing else does.

    Raises:
        ValidationError: it does not; it tells where in the recipe.

    """
    if recipe.arrangement.layout is None:
        return
    for at, spec in enumerate(recipe.objects):
        if spec.position_m is not None:
            sentence = "says where an object stands, and so does arrangement.layout: leave one out"
            error = PydanticCustomError("exclusive", "{sentence}", {"sentence": sentence})
            place = ("objects", at, "position_m")
            raise ValidationError.from_exception_data(
                "layout", [InitErrorDetails(type=error, loc=place, input=spec.position_m)]
            )
