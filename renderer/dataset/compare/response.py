"""What a measure would be if a recipe key had another value: one curve for each object or image."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.dataset.compare.measures import Floats
from renderer.values.key import KeyPath


@dataclass(frozen=True)
class Axis:
    """The scale on which a key works evenly: there and back.

    Attributes:
        to: from the key's value.
        back: to it.
        family: the distribution that is even on it, or nearly so.

    """

    to: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    family: str = "uniform"


LINEAR = Axis(lambda u: u, lambda v: v)
LOG = Axis(np.log2, np.exp2, "loguniform")
WHOLE = Axis(lambda u: u, lambda v: v, "integers")
SQUARE = Axis(np.square, lambda v: np.sqrt(np.maximum(v, 0)))
MIRED = Axis(lambda u: 1e6 / u, lambda v: 1e6 / v)


@dataclass(frozen=True)
class Key:
    """A key that may be moved, and what it has been.

    Attributes:
        path: of the key in the recipe.
        axis: its scale.
        low: its smallest value that makes sense,
        high: and its largest.
        drawn: (n,) what it was of each value of the measure; NaN where that is not known.

    """

    path: KeyPath
    axis: Axis
    low: float
    high: float
    drawn: Floats


@dataclass(frozen=True)
class Response:
    """A measure's values when a key is moved along its axis.

    Attributes:
        key: the key.
        moves: (k,) by how much, ascending.
        values: (n, k) what each value then is; straight on beyond the ends.

    """

    key: Key
    moves: Floats
    values: Floats

    @staticmethod
    def straight(key: Key, values: Floats, slope: Floats | float) -> Response:
        """Return the response of values (n,) that move by ``slope`` a unit of the axis."""
        slopes = np.broadcast_to(np.asarray(slope, np.float64), values.shape)
        return Response(key, np.array([0.0, 1.0]), np.stack([values, values + slopes], axis=1))

    def at(self, wanted: Floats) -> Floats:
        """Return (n, s) the values where the key is ``wanted`` (n, s), in its own unit."""
        moves = self.key.axis.to(wanted) - self.key.axis.to(self.key.drawn)[:, None]
        place = np.clip(np.searchsorted(self.moves, moves) - 1, 0, len(self.moves) - 2)
        rows = np.arange(len(self.values))[:, None]
        start, end = self.moves[place], self.moves[place + 1]
        first, second = self.values[rows, place], self.values[rows, place + 1]
        found: Floats = first + (second - first) * (moves - start) / (end - start)
        return found

    def of(self, rows: npt.NDArray[np.int64]) -> Response:
        """Return that of some of the values, by their places."""
        key = Key(self.key.path, self.key.axis, self.key.low, self.key.high, self.key.drawn[rows])
        return Response(key, self.moves, self.values[rows])


def dotted(path: KeyPath) -> str:
    """Return a path as people write it: ``camera.orbit.framing[0]``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


def rounded(value: float, digits: int = 3) -> float:
    """Return a number of so many digits that count."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))
