"""A shelf: boards over each other before a back panel, and objects in rows on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetSource, Deform
from renderer.effects import distractors
from renderer.plan.layout import Standing, places
from renderer.recipe.layout import Shelf
from renderer.recipe.model import Recipe

Array = npt.NDArray[np.float64]

# How deep boards are, as a share of their length (objects are scaled evenly, so that each is a
# model of its own), and how thick. The next larger one is taken.
_DEPTHS = (0.1, 0.14, 0.2, 0.28, 0.4, 0.56, 0.78, 1.0)
_THICK = 0.02
# Free in depth about an object, as a share of it.
_ROOM = 0.12
_CUBE = Path(distractors.__file__).parent / "models" / "cube.ply"


@dataclass(frozen=True)
class Board:
    """One board of a shelf, which has no label.

    Attributes:
        model: what a Shot calls its model.
        length: how long it is, in metres.
        turn: (3, 3) its rotation; not turned it lies, its length along x.
        middle: (3,) where its middle is.

    """

    model: str
    length: float
    turn: Array
    middle: Array


def board_sources(recipe: Recipe) -> Mapping[str, AssetSource]:
    """Return the models of boards, where a recipe has a shelf: path as in a Shot → source."""
    if recipe.arrangement.layout is None or recipe.arrangement.layout.shelf is None:
        return {}
    return {
        _path(depth): AssetSource(_CUBE, "m", "z", Deform(stretch=(1.0, depth, _THICK)))
        for depth in _DEPTHS
    }


def _path(depth: float) -> str:
    return f"arrangement.layout.shelf.board.{depth:g}"


def put_on_shelf(shelf: Shelf, standing: Standing) -> tuple[list[Array], list[Board]]:
    """Return what to add to each object's hull (3,), and the shelf that they then stand on."""
    offsets, sizes = list(standing.starts), standing.sizes()
    if not offsets:
        return offsets, []
    levels = round(standing.number("shelf.levels", shelf.levels))
    deep = round(standing.number("shelf.deep", shelf.deep))
    empty = standing.number("shelf.empty", shelf.empty)
    jitter = standing.number("shelf.jitter", shelf.jitter)
    taken = places(len(offsets), empty, "shelf", standing.stream)
    across = math.ceil((taken[-1] + 1) / (levels * deep))
    # Column by column, and of one column from the front to the back.
    stand = dict(zip(taken, standing.order(shelf.mixed), strict=True))
    widths = np.full((levels, across), float(np.median(sizes[:, 0])))
    heights = np.zeros(levels)
    for place, at in stand.items():
        level, column = divmod(place // deep, across)
        own = [stand[each] for each in _column(place, deep) if each in stand]
        widths[level, column] = sizes[own, 0].max()
        heights[level] = max(heights[level], sizes[at, 2])
    heights[heights == 0] = sizes[:, 2].max()
    cells = widths * (1 + standing.number("shelf.gap", shelf.gap))
    row = float(sizes[:, 1].max()) * (1 + _ROOM)
    length = max(float(cells.sum(axis=1).max()), row * deep)  # no board is deeper than long
    model, depth = _board(row * deep / length)
    thick, depth = _THICK * length, depth * length
    clear = heights * (1 + standing.number("shelf.headroom", shelf.headroom))
    floors = np.concatenate([[0.0], np.cumsum(clear[:-1] + thick)])
    # What a board is longer than its row is left free between the objects.
    cells = cells + ((length - cells.sum(axis=1)) / across)[:, None]
    lefts = np.cumsum(cells, axis=1) - cells - length / 2
    for place, at in stand.items():
        (level, column), behind = divmod(place // deep, across), place % deep
        room = jitter * np.array([cells[level, column] - sizes[at, 0], row - sizes[at, 1]]) / 2
        x = lefts[level, column] + cells[level, column] / 2 + room[0] * standing.signed(at, "x")
        y = -depth / 2 + row * (behind + 0.5) + room[1] * standing.signed(at, "y")
        offsets[at] = offsets[at] + np.array([x, y, floors[level] + thick])
    boards = [
        Board(model, length, np.eye(3), np.array([0.0, 0.0, floor + thick / 2])) for floor in floors
    ]
    return offsets, [*boards, _back(length, float(floors[-1] + thick + clear[-1]), depth)]


def _column(place: int, deep: int) -> range:
    first = place - place % deep
    return range(first, first + deep)


def _board(share: float) -> tuple[str, float]:
    """Return model and depth of the board that is so deep, or the next deeper one, as a share of
    its length.
    """
    depth = next((each for each in _DEPTHS if each >= share), _DEPTHS[-1])
    return _path(depth), depth


def _back(length: float, height: float, depth: float) -> Board:
    """Return the panel behind boards: a board on one of its long sides, or on its end."""
    stands = height > length
    model, share = _board(min(height, length) / max(height, length))
    longer = height if stands else length
    # Its length along x or up, its depth up or along x.
    x, z = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    turn = np.column_stack([z, x, np.cross(z, x)] if stands else [x, z, np.cross(x, z)])
    up = longer if stands else share * longer
    return Board(model, longer, turn, np.array([0.0, (depth + _THICK * longer) / 2, up / 2]))
