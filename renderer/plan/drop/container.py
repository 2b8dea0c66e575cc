"""The open containers that objects are dropped into: a floor and four walls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from renderer.asset import AssetSource
from renderer.plan.drop.simulation import Slab
from renderer.recipe.drop import BinShape, Drop, drops
from renderer.recipe.model import Recipe
from renderer.values.distribution import Choice

# Where their models are: one OBJ a shape, a metre along its longest side, standing on z = 0.
_MODELS = Path(__file__).parent / "containers"


@dataclass(frozen=True)
class Container:
    """An open box about the z axis, standing on z = 0.

    Attributes:
        outer: (width, depth, height) outside.
        wall: how thick walls and floor are.

    """

    outer: tuple[float, float, float]
    wall: float

    def scaled(self, scale: float) -> Container:
        """Return it so many times as large."""
        width, depth, height = self.outer
        return Container((width * scale, depth * scale, height * scale), self.wall * scale)

    @property
    def inner(self) -> tuple[float, float, float]:
        """(width, depth, height) inside."""
        width, depth, height = self.outer
        return width - 2 * self.wall, depth - 2 * self.wall, height - self.wall

    def guides(self, top: float) -> list[Slab]:
        """Return its walls from the rim up to a height, and thicker to the outside."""
        (width, depth, rim), wall = self.outer, self.wall
        thick, middle, half = width, (rim + top) / 2, (top - rim) / 2
        found = []
        for side in (-1, 1):
            x, y = side * (width / 2 - wall + thick / 2), side * (depth / 2 - wall + thick / 2)
            across, along = np.array([thick / 2, depth, half]), np.array([width, thick / 2, half])
            found.append(Slab(np.array([x, 0.0, middle]), across))
            found.append(Slab(np.array([0.0, y, middle]), along))
        return found

    def slabs(self) -> list[Slab]:
        """Return its floor and its walls."""
        (width, depth, height), wall = self.outer, self.wall
        spans = [((-width / 2, width / 2), (-depth / 2, depth / 2), (0.0, wall))]
        for side in (-1, 1):
            x = sorted((side * width / 2, side * (width / 2 - wall)))
            y = sorted((side * depth / 2, side * (depth / 2 - wall)))
            spans.append(((x[0], x[1]), (-depth / 2, depth / 2), (0.0, height)))
            spans.append(((-width / 2, width / 2), (y[0], y[1]), (0.0, height)))
        boxes = np.array(spans)
        return [Slab(each.mean(1), (each[:, 1] - each[:, 0]) / 2) for each in boxes]


CONTAINERS: Mapping[BinShape, Container] = {
    "crate": Container((1.0, 0.667, 0.34), 0.018),
    "tray": Container((1.0, 0.7, 0.12), 0.014),
    "carton": Container((1.0, 0.75, 0.55), 0.008),
}


def container_path(shape: str) -> str:
    """Return what a Shot calls a container: no path that a recipe could have."""
    return f"arrangement.drop.bin.{shape}"


def container_sources(recipe: Recipe) -> dict[str, AssetSource]:
    """Return the models of the containers that a recipe may show: path as in a Shot → source."""
    shapes = [shape for drop in drops(recipe.arrangement.drop) for shape in _shown(drop)]
    return {
        container_path(shape): AssetSource(_MODELS / f"{shape}.obj", "m", "z") for shape in shapes
    }


def _shown(drop: Drop) -> tuple[BinShape, ...]:
    if drop.bin is None or not drop.bin.visible:
        return ()
    shape = drop.bin.shape
    return shape.choice if isinstance(shape, Choice) else (shape,)
