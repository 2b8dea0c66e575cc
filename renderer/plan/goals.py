"""What the goals of a recipe ask of one image, and whether a pose gives it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.plan.acceptance import Rejection, visibility_of_each
from renderer.plan.placed import Placed
from renderer.recipe.camera import Camera
from renderer.recipe.goals import limits, view_cells
from renderer.recipe.model import Recipe
from renderer.shot.camera import Camera as Seen
from renderer.shot.camera import View
from renderer.values.number import support
from renderer.values.quota import Quota
from renderer.values.sphere_cells import Cell, Vector, angles_of, direction_of
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
REST = "rest"
# What rays over a box know of a share, and what a box in whole pixels has of a size.
_UNSURE = {"visibility": 0.015, "object_px": 1.0}
_MEASURED = {
    "visibility": "the least visible object showed {low:.2f} to {high:.2f} of itself",
    "object_px": "the smallest object was {low:.0f} to {high:.0f} px in size",
}
# Draws of a view in its cell until it is within the orbit's angles, too.
_DRAWS = 32


@dataclass(frozen=True)
class GoalPlan:
    """The goals of a recipe."""

    recipe: Recipe

    @property
    def tries(self) -> int:
        """How many poses an image may take."""
        accept, goals = self.recipe.accept.tries, self.recipe.goals
        return max(accept, goals.tries) if goals.bands or self._cells else accept

    @cached_property
    def _cells(self) -> tuple[Cell, ...]:
        return view_cells(self.recipe)

    @cached_property
    def quotas(self) -> dict[str, tuple[list[str], Quota]]:
        """By goal the names of its bands or cells, and which image is to be in which."""
        seed = self.recipe.seed
        found = {
            name: (
                [*bands, REST],
                Quota.of_shares(f"goals.{name}", list(bands.values()), seed),
            )
            for name, bands in self.recipe.goals.bands.items()
        }
        if self._cells:
            names = [str(at) for at in range(len(self._cells))]
            found["views"] = names, Quota("goals.views", (1,) * len(names), seed)
        return found

    def wanted(self, place: int) -> dict[str, str]:
        """Return which band or cell of each goal an image is to be in, by its place among those
        that have these goals.
        """
        return {name: names[quota.side(place)] for name, (names, quota) in self.quotas.items()}

    def search(self, place: int) -> GoalSearch:
        """Return the search for a pose of an image."""
        wanted = self.wanted(place)
        cell = self._cells[int(wanted["views"])] if "views" in wanted else None
        return GoalSearch(self.recipe, wanted, cell)


@dataclass
class GoalSearch:
    """The search for a pose of one image that has what goals ask for.

    Attributes:
        recipe: whose goals they are.
        wanted: which band or cell of each goal the image is to be in.
        cell: that of its view.
        reached: by goal the least and the most that poses had.

    """

    recipe: Recipe
    wanted: dict[str, str]
    cell: Cell | None
    reached: dict[str, tuple[float, float]] = field(default_factory=dict)

    def camera(self, placed: Sequence[Placed], stream: Stream) -> Camera:
        """Return the recipe's camera, its orbit in the wanted cell of views where there is one."""
        camera = self.recipe.camera
        if self.cell is None:
            return camera
        low, high = support(camera.orbit.elevation_deg)
        turn = self._turn(placed)
        for draw in range(_DRAWS):
            path = f"goals.views.{draw}"
            inside = self.cell.at(stream.unit(path, "first"), stream.unit(path, "second"))
            azimuth, elevation = angles_of(_vector(turn @ inside))
            if low <= elevation <= high:
                break
        set_to = {"azimuth_deg": azimuth, "elevation_deg": min(max(elevation, low), high)}
        orbit = camera.orbit.model_copy(update=set_to)
        return camera.model_copy(update={"orbit": orbit})

    def _turn(self, placed: Sequence[Placed]) -> Array:
        """Return the rotation (3, 3) from the frame that cells are in to the world."""
        views = self.recipe.goals.views
        if views is None or views.of is None:
            return np.eye(3)
        entry = next(each.entry for each in placed if each.entry.category == views.of)
        return np.array(entry.model_to_world)[:3, :3] / entry.scale

    def miss(self, placed: list[Placed], views: Sequence[View], floor: bool) -> Rejection | None:
        """Return what a pose lacks of what is wanted, or None."""
        camera = views[0].camera
        if not self._is_from_cell(placed, views[0]):
            return Rejection("goal", "the view is not in the cell that goals.views asks for")
        for name, bands in self.recipe.goals.bands.items():
            labelled = [each for each in placed if each.entry.category is not None]
            if not labelled:
                return Rejection("goal", f"there is no object for goals.{name}")
            if name == "visibility":
                value = min(visibility_of_each(placed, camera, floor))
            else:
                value = min(_size_px(each, camera) for each in labelled)
            low, high = self.reached.get(name, (value, value))
            self.reached[name] = min(low, value), max(high, value)
            if not _is_in(self.wanted[name], value, bands, _UNSURE[name]):
                return Rejection("goal", f"goals.{name} asks for {self.wanted[name]}")
        return None

    def _is_from_cell(self, placed: Sequence[Placed], view: View) -> bool:
        """Tell whether a view is in the wanted cell, part of which may be beyond the orbit."""
        if self.cell is None:
            return True
        toward = np.array(direction_of(view.azimuth_deg, view.elevation_deg))
        return self.cell.holds(_vector(toward @ self._turn(placed)))

    def bound(self) -> str:
        """Return what poses had of what was wanted, as a sentence; nothing where none was asked."""
        return "; ".join(
            _MEASURED[name].format(low=low, high=high) for name, (low, high) in self.reached.items()
        )


def _size_px(each: Placed, camera: Seen) -> float:
    """Return the square root of width x height of the box around all of an object."""
    projected = camera.project(each.hull)[:, :2]
    return math.sqrt(float(np.prod(np.ptp(projected, axis=0))))


def _is_in(wanted: str, value: float, bands: Iterable[str], unsure: float) -> bool:
    """Tell whether a value is for sure in the wanted band, or for the rest in none of them."""
    if wanted == REST:
        return not any(_holds(band, value, unsure, outward=True) for band in bands)
    return _holds(wanted, value, unsure, outward=False)


def _holds(band: str, value: float, unsure: float, outward: bool) -> bool:
    """Tell whether a band holds a value; how far it is moved inward or outward, as the value is not
    known better. At 0 and 1 a share cannot be beyond.
    """
    low, high = limits(band)
    margin = unsure if outward else -min(unsure, (high - low) / 4)
    beginning = low if low == 0 else low - margin
    end = high if high == 1 else high + margin
    return beginning <= value <= end


def _vector(array: Array) -> Vector:
    x, y, z = (float(each) for each in array)
    return x, y, z
