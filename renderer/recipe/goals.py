"""``goals`` of a recipe: exact shares of what the images show, whatever poses that takes."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.recipe.shares import ImageShare, must_leave_room
from renderer.values.distribution import Strict
from renderer.values.number import support
from renderer.values.sphere_cells import (
    MOST_SUBDIVISIONS,
    Cell,
    angles_of,
    icosahedral_cells,
)

if TYPE_CHECKING:
    from renderer.recipe.camera import Orbit
    from renderer.recipe.model import Recipe

_BAND = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")


def limits(band: str) -> tuple[float, float]:
    """Return the ends of a band as it is written: ``"0.1-0.4"``. Raises PydanticCustomError."""
    found = _BAND.fullmatch(band)
    if not found or not float(found[1]) < float(found[2]):
        raise PydanticCustomError("band", 'is no band: write it as "0.1-0.4", the lower end first')
    return float(found[1]), float(found[2])


def _apart(bands: dict[str, float]) -> dict[str, float]:
    must_leave_room(bands.values(), "bands")
    in_order = sorted(bands, key=limits)
    for lower, upper in itertools.pairwise(in_order):
        if limits(lower)[1] > limits(upper)[0]:
            raise PydanticCustomError(
                "bands", "{lower} and {upper} overlap", {"lower": lower, "upper": upper}
            )
    return bands


def _within_1(bands: dict[str, float]) -> dict[str, float]:
    for band in bands:
        if limits(band)[1] > 1:
            raise PydanticCustomError("bands", "{band} is beyond 1", {"band": band})
    return bands


def _band(band: str) -> str:
    limits(band)
    return band


Bands = Annotated[
    dict[Annotated[str, AfterValidator(_band)], ImageShare],
    Field(min_length=1, max_length=50),
    AfterValidator(_apart),
]


class ViewCells(Strict):
    """Cells of the sphere of views, each seen in as many images as any other."""

    icosahedral: int = Field(
        1,
        strict=True,
        ge=0,
        le=MOST_SUBDIVISIONS,
        description="How many times the 20 faces of an icosahedron are each cut in four.",
    )
    of: str | None = Field(
        None,
        strict=True,
        description="A category: views of its (first) object in its own frame, whichever way it is "
        "turned; without it of the scene, whose front is azimuth 0.",
    )

    def cells(self, orbit: Orbit, tilted: bool) -> tuple[Cell, ...]:
        """Return those whose middle lies within the orbit's angles.

        Args:
            orbit: the camera's.
            tilted: whether the object whose frame they are in may stand other than upright: all
                may be seen then.

        """
        every = icosahedral_cells(self.icosahedral)
        if tilted:
            return every
        low, high = support(orbit.elevation_deg)
        first, last = (0.0, 360.0) if self.of is not None else support(orbit.azimuth_deg)
        angles = [angles_of(cell.middle) for cell in every]
        return tuple(
            cell
            for cell, (azimuth, elevation) in zip(every, angles, strict=True)
            if low <= elevation <= high
            and (last - first >= 360 or (azimuth - first) % 360 <= last - first)
        )


def _views_shorthand(value: Any) -> Any:
    return {} if value == "icosahedral" else value


class Goals(Strict):
    """What exact shares of the images show; poses are drawn again until they do. Bands are of the
    hardest labelled object of an image: the least visible, the smallest. Images that are of no
    band lie in none.
    """

    visibility: Annotated[Bands, AfterValidator(_within_1)] | None = Field(
        None,
        description="Bands of the visible share of the least visible object, and of the images.",
    )
    object_px: Bands | None = Field(
        None,
        description="Bands of the smallest object's size in pixels (square root of width x height "
        "of the box around all of it), and their shares of the images.",
    )
    views: (
        Annotated[
            ViewCells,
            BeforeValidator(_views_shorthand, json_schema_input_type=ViewCells | str),
        ]
        | None
    ) = Field(None, description="Equal cells of views: `icosahedral`, or a mapping.")
    tries: int = Field(
        300, strict=True, ge=1, le=100_000, description="How many poses an image may take."
    )

    @property
    def bands(self) -> dict[str, dict[str, float]]:
        """The shares of bands by what they are of."""
        found = {"visibility": self.visibility, "object_px": self.object_px}
        return {name: bands for name, bands in found.items() if bands is not None}


def view_cells(recipe: Recipe) -> tuple[Cell, ...]:
    """Return the cells that the views of a recipe go through; none where it has no such goal."""
    views = recipe.goals.views
    if views is None:
        return ()
    spec = next((each for each in recipe.objects if each.category == views.of), None)
    upright = spec is None or (
        spec.orientation == "upright" and spec.pitch_deg == 0 and spec.roll_deg == 0
    )
    return views.cells(recipe.camera.orbit, tilted=not upright)


def must_be_reachable(recipe: Recipe) -> None:
    """Make sure that nothing else in a recipe rules its goals out.

    Raises:
        ValidationError: something does; it tells where in the recipe.

    """
    goals = recipe.goals
    if recipe.camera.rig is not None and (goals.bands or goals.views):
        raise _located(("goals",), "goals are for shots of one view: leave them or camera.rig out")
    least = recipe.accept.min_visibility
    for band in goals.visibility or {}:
        if limits(band)[1] <= least:
            sentence = f"accept.min_visibility is {least:g}, and allows no image in it: lower that"
            raise _located(("goals", "visibility", band), sentence)
    if goals.views is None:
        return
    of = goals.views.of
    if of is not None and not any(
        spec.category == of and support(spec.count)[0] >= 1 for spec in recipe.objects
    ):
        sentence = f"not every image has an object of the category {of}: its count may be 0"
        raise _located(("goals", "views", "of"), sentence)
    if not view_cells(recipe):
        raise _located(
            ("goals", "views"),
            "no cell's middle lies within the angles of camera.orbit: give elevation_deg a range, "
            "or subdivide more (icosahedral: 2)",
        )


def _located(place: tuple[str, ...], sentence: str) -> ValidationError:
    error = PydanticCustomError("goals", "{sentence}", {"sentence": sentence})
    detail = InitErrorDetails(type=error, loc=place, input=place[-1])
    return ValidationError.from_exception_data("goals", [detail])
