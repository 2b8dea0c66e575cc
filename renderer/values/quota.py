"""Exact shares of a run's shots: which of several sides a shot is on, by its index alone.

Shots come in blocks in which every side has its whole number of them. Within a block the ``i``-th
shot of a side with ``p`` of ``n`` lies in ``[floor(i n / p), ceil((i + 1) n / p))``: the windows of
Pfair scheduling (Baruah et al. 1996), in which there is a place for each. So of any first shots a
side has its share rounded down or up, and more shots change none that are there. Where in its
window a shot lies is drawn: else every twentieth one were of one side, and plans have periods of
their own.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from renderer.values.stream import Stream

# A block of so many shots at most: shares are written in ten-thousandths.
FINEST = 10_000


@dataclass(frozen=True)
class Quota:
    """Sides and their shares of the shots.

    Attributes:
        key: names the stream that places are drawn from.
        parts: of each side, how many shots of a block it has.
        seed: of the recipe.

    """

    key: str
    parts: tuple[int, ...]
    seed: int

    @staticmethod
    def of_shares(key: str, shares: Sequence[float], seed: int) -> Quota:
        """Return the sides of some shares, and behind them one for the rest, which may be empty.

        Args:
            key: names the stream that places are drawn from.
            shares: as they are written, in ten-thousandths; they sum to 1 at most.
            seed: of the recipe.

        """
        exact = [Fraction(repr(float(share))) for share in shares]
        exact.append(1 - sum(exact, Fraction(0)))
        block = math.lcm(*(share.denominator for share in exact))
        return Quota(key, tuple(int(share * block) for share in exact), seed)

    def side(self, index: int) -> int:
        """Return which side a shot is on."""
        block, place = divmod(index, sum(self.parts))
        return _sides(self.key, self.parts, self.seed, block)[place]

    def counts(self, shots: int) -> list[int]:
        """Return how many of the first shots each side has."""
        blocks, rest = divmod(shots, sum(self.parts))
        counts = [part * blocks for part in self.parts]
        for side in _sides(self.key, self.parts, self.seed, blocks)[:rest]:
            counts[side] += 1
        return counts

    def first(self, side: int) -> int:
        """Return the index of the first shot of a side that has any."""
        return _sides(self.key, self.parts, self.seed, 0).index(side)


# A block takes up to a tenth of a second, and its shots come one after the other.
@lru_cache(maxsize=64)
def _sides(key: str, parts: tuple[int, ...], seed: int, block: int) -> tuple[int, ...]:
    """Return the side of each shot of a block."""
    stream, size = Stream(seed, block), sum(parts)
    slack = _slack(parts, size)
    tight = [at for at in range(1, size + 1) if slack[at] == 0]
    given, sides = [0] * len(parts), list[int]()
    for at in range(size):
        while tight[0] <= at:
            heapq.heappop(tight)
        ends = {
            side: -(-(given[side] + 1) * size // part)
            for side, part in enumerate(parts)
            if given[side] < part and given[side] * size // part <= at
        }
        due = {side: end for side, end in ends.items() if end <= tight[0]}
        side = _drawn(due, at, stream.unit(key, str(at)))
        for later in range(at + 1, due[side]):
            slack[later] -= 1
            if slack[later] == 0:
                heapq.heappush(tight, later)
        given[side] += 1
        sides.append(side)
    return tuple(sides)


def _slack(parts: tuple[int, ...], size: int) -> list[int]:
    """Return for each number of first places how many of them need not go to shots whose windows
    end by then. Where that is none, nothing that ends later may take a place before.
    """
    ending = [0] * (size + 1)
    for part in parts:
        for number in range(1, part + 1):
            ending[-(-number * size // part)] += 1
    return [at - due for at, due in enumerate(itertools.accumulate(ending))]


def _drawn(ends: dict[int, int], at: int, unit: float) -> int:
    """Return a side: each by one in so many places as are left of its window, which makes any of
    them as likely; where that leaves the place free, the side whose window ends first.
    """
    chances = {side: 1 / (end - at) for side, end in ends.items()}
    mark = unit * max(1.0, sum(chances.values()))
    for side, chance in chances.items():
        mark -= chance
        if mark < 0:
            return side
    return min(ends, key=lambda side: ends[side])
