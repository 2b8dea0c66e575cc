"""Which values of a key would make a measure like that of the real set.

Each value of the measure keeps what the key has not to do with (its model, its pose), and is moved
along its own response. The distribution searched is the one whose moved values are nearest to the
real ones, in the distance that was compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.dataset.compare.measures import Floats
from renderer.dataset.compare.response import Response, dotted, rounded
from renderer.values.key import KeyPath

_LEVELS = (np.arange(200) + 0.5) / 200
_MOST_VALUES, _DRAWS = 400, 8
_GOLDEN = 0.6180339887498949
_CENTRES, _WIDTHS, _ROUNDS = 25, 9, 4
# A narrower distribution is taken where it is as good but for this share of the distance.
_SIMPLER = 0.02
# What lowers the distance by less is no advice.
_WORTH = 0.9


@dataclass(frozen=True)
class Fitted:
    """A value for a key.

    Attributes:
        path: of the key.
        value: what to write there, as plain data.
        before: the distance now.
        after: what it would be.
        more: other keys that go with it, and their values.

    """

    path: KeyPath
    value: Any
    before: float
    after: float
    more: tuple[tuple[KeyPath, Any], ...] = ()

    @property
    def key(self) -> str:
        """The key as people write it."""
        return dotted(self.path)

    @property
    def values(self) -> tuple[tuple[KeyPath, Any], ...]:
        """All keys and values."""
        return ((self.path, self.value), *self.more)


def fit(response: Response, real: Floats) -> Fitted | None:
    """Return the values of a key that bring a measure nearest to the real set's (n,); None where
    they would not help, or what was drawn is not known.
    """
    response = response.of(np.flatnonzero(np.isfinite(response.key.drawn)))
    count = len(response.values)
    if count < 5 or len(real) < 5:
        return None
    response = response.of(np.arange(0, count, -(-count // _MOST_VALUES)))
    search = _Search(response, np.quantile(real, _LEVELS))
    before = search.cost_of_now()
    low, high = search.best()
    value = _plain(response.key.axis.family, low, high)
    after = search.cost(*_ends(value))
    if after > _WORTH * before:
        return None
    return Fitted(response.key.path, value, before, after)


class _Search:
    """Looks for the ends of a distribution, coarsely and then ever finer."""

    def __init__(self, response: Response, real: Floats) -> None:
        self._response, self._real = response, real
        count = len(response.values)
        # Evenly spread, and of each value elsewhere.
        shifts = (np.arange(count) * _GOLDEN % 1)[:, None]
        self._units = (np.arange(_DRAWS)[None] + shifts) / _DRAWS
        self._random_order()

    def _random_order(self) -> None:
        """Take neighbours apart: images of a set may be sorted by what is measured."""
        order = np.random.Generator(np.random.Philox(0)).permutation(len(self._units))
        self._units = self._units[order]

    def cost(self, low: float, high: float) -> float:
        """Return the distance where the key is drawn from ``low`` to ``high``."""
        return self._distance(self._response.at(self._drawn(low, high)))

    def cost_of_now(self) -> float:
        """Return the distance where the key is what it was."""
        return self._distance(self._response.at(self._response.key.drawn[:, None]))

    def _distance(self, values: Floats) -> float:
        return float(np.abs(np.quantile(values, _LEVELS) - self._real).mean())

    def _drawn(self, low: float, high: float) -> Floats:
        return _draw(self._response.key.axis.family, low, high, self._units)

    def best(self) -> tuple[float, float]:
        """Return the best ends."""
        key = self._response.key
        log = key.axis.family == "loguniform"
        to, back = (np.log, np.exp) if log else (np.asarray, np.asarray)
        first, last = float(to(key.low)), float(to(key.high))
        centre, half, span = (first + last) / 2, (last - first) / 4, (last - first) / 2
        best = np.inf, centre, 0.0
        for turn in range(_ROUNDS):
            centres = np.linspace(centre - span, centre + span, _CENTRES)
            widths = np.linspace(0, 2 * half, _WIDTHS) if turn == 0 else _around(half, span)
            for c in centres[(centres >= first) & (centres <= last)]:
                for h in widths:
                    low, high = max(c - h, first), min(c + h, last)
                    if key.axis.family == "integers":
                        low, high = round(low), round(high)
                    cost = self.cost(float(back(low)), float(back(high)))
                    cost *= 1 + _SIMPLER * (high - low) / (last - first)
                    best = min(best, (cost, (low + high) / 2, (high - low) / 2))
            _, centre, half = best
            span /= 5
        return float(back(centre - half)), float(back(centre + half))


def _around(half: float, span: float) -> Floats:
    return np.maximum(np.append(np.linspace(half - span, half + span, _WIDTHS - 1), 0.0), 0.0)


def _plain(family: str, low: float, high: float) -> Any:
    """Return a distribution as a recipe writes it; a constant where both ends are one."""
    if family == "integers":
        first, last = round(low), round(high)
        return first if first == last else {"integers": [first, last]}
    middle = (low + high) / 2
    narrow = abs(high - low) <= 0.02 * max(abs(low), abs(high))
    if narrow:
        return rounded(middle)
    digits = 3 if abs(high - low) > 0.1 * max(abs(low), abs(high)) else 4
    return {family: [rounded(low, digits), rounded(high, digits)]}


def drawn_of(value: Any, count: int) -> Floats:
    """Return (count,) numbers of a fitted value, evenly drawn."""
    low, high = _ends(value)
    family = next(iter(value)) if isinstance(value, dict) else "uniform"
    return _draw(family, low, high, (np.arange(count) * _GOLDEN + 0.5) % 1)


def _draw(family: str, low: float, high: float, units: Floats) -> Floats:
    if family == "integers":
        return np.asarray(np.minimum(np.floor(low + units * (high - low + 1)), high))
    if family == "loguniform":
        return np.asarray(low * (high / low) ** units)
    return np.asarray(low + (high - low) * units)


def _ends(value: Any) -> tuple[float, float]:
    if isinstance(value, dict):
        low, high = next(iter(value.values()))
        return float(low), float(high)
    return float(value), float(value)
