"""How far two sets are apart in a measure, and whether that is more than chance.

The distance is Wasserstein's (the mean way that one sample must be moved to become the other). Sets
are resampled by groups (scenes, videos, images), because objects of one image are alike. Whether it
is a difference is told by permutation: groups of both sets are dealt anew, and all measures are
judged together (Westfall and Young 1993, single-step maximum), so that one set against itself shows
no difference in any of them as often as is promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.dataset.compare.measures import Floats

Groups = npt.NDArray[np.int64]

_PERMUTATIONS, _HALVES, _RESAMPLES = 999, 200, 200
# Weights of so many values are in memory at once.
_AT_ONCE = 2_000_000
# Of sets that are alike, less than this share shows any difference.
ALPHA = 0.03


@dataclass(frozen=True)
class Pooled:
    """One measure of both sets.

    Attributes:
        values: (n,) sorted.
        group: (n,) to which group each belongs; the groups of the generated set come first.
        ours: (n,) whether each is of the generated set.

    """

    values: Floats
    group: Groups
    ours: npt.NDArray[np.bool_]

    @staticmethod
    def of(ours: tuple[Floats, Groups], real: tuple[Floats, Groups]) -> Pooled:
        """Return the measure of (values, groups) of both."""
        values = np.concatenate([ours[0], real[0]])
        order = np.argsort(values, kind="stable")
        mine = np.arange(len(values)) < len(ours[0])
        return Pooled(values[order], np.concatenate([ours[1], real[1]])[order], mine[order])

    def distance(self) -> float:
        """Return the distance of the two."""
        mine = self.ours[None].astype(np.float64)
        return float(self.distances(mine, 1 - mine)[0])

    def distances(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (k,) between weightings (k, n) of the values; NaN of nothing."""
        steps = np.diff(self.values)
        found: list[Floats] = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for weights in (first, second):
                shares = np.cumsum(weights, axis=1)
                found.append(shares[:, :-1] / shares[:, -1:])
        return np.asarray(np.abs(found[0] - found[1]) @ steps)

    def by_groups(self, first: Floats, second: Floats) -> Floats:
        """Return the distances (k,) between weightings (k, g) of the groups."""
        size = max(1, _AT_ONCE // max(len(self.values), 1))
        parts = [
            self.distances(first[at : at + size, self.group], second[at : at + size, self.group])
            for at in range(0, len(first), size)
        ]
        return np.concatenate(parts)


def wasserstein(first: Floats, second: Floats) -> float:
    """Return the distance of two samples."""
    samples = ((each, np.zeros(len(each), np.int64)) for each in (first, second))
    return Pooled.of(*samples).distance()


@dataclass(frozen=True)
class Resampling:
    """The rounds in which groups are dealt and drawn anew, the same for all measures.

    Attributes:
        ours: how many groups the generated set has.
        real: how many the real one has.
        seed: of the rounds.

    """

    ours: int
    real: int
    seed: int

    def permutations(self) -> Floats:
        """Return (k, g) ones where a group is dealt to the first side."""
        random = np.random.Generator(np.random.Philox(self.seed))
        rounds = np.zeros((_PERMUTATIONS, self.ours + self.real))
        for row in rounds:
            row[random.permutation(self.ours + self.real)[: self.ours]] = 1
        return rounds

    def halves(self) -> Iterator[Floats]:
        """Yield (k, g): one half of the real set, and the other."""
        random = np.random.Generator(np.random.Philox(self.seed + 1))
        first = np.zeros((_HALVES, self.ours + self.real))
        for row in first:
            row[self.ours + random.permutation(self.real)[: self.real // 2]] = 1
        second = np.zeros_like(first)
        second[:, self.ours :] = 1 - first[:, self.ours :]
        yield first
        yield second

    def resamples(self) -> Iterator[Floats]:
        """Yield (k, g) how often each group of the generated set is drawn; then of the real one."""
        random = np.random.Generator(np.random.Philox(self.seed + 2))
        for first, count in ((0, self.ours), (self.ours, self.real)):
            drawn = np.zeros((_RESAMPLES, self.ours + self.real))
            for row in drawn:
                picks = random.integers(0, count, count)
                row[first : first + count] = np.bincount(picks, minlength=count)
            yield drawn


@dataclass(frozen=True)
class Difference:
    """How a measure differs.

    Attributes:
        distance: of the two sets, in the measure's unit.
        floor: of one half of the real set from the other, on average over many halves.
        low: where the distance lies, with 95 % confidence, from here
        high: to here.
        chance: how likely a distance as large, in any measure, would be of sets that are alike.
        spread: the standard deviation of the real set.

    """

    distance: float
    floor: float
    low: float
    high: float
    chance: float
    spread: float

    @property
    def ratio(self) -> float:
        """The distance in floors."""
        return self.distance / self.floor

    @property
    def differs(self) -> bool:
        """Whether the sets differ: beyond chance, and beyond what the real set does in itself."""
        return self.chance <= ALPHA and self.ratio > 1


def differences(
    measures: dict[str, Pooled], steps: dict[str, float], rounds: Resampling
) -> dict[str, Difference]:
    """Return how each measure differs.

    Args:
        measures: of both sets, by name.
        steps: what no measure is told finer than, by name.
        rounds: the resampling.

    """
    dealt = rounds.permutations()
    halves, drawn = tuple(rounds.halves()), tuple(rounds.resamples())
    distances = {name: each.distance() for name, each in measures.items()}
    by_chance = {name: each.by_groups(dealt, 1 - dealt) for name, each in measures.items()}
    chances = _chances(distances, by_chance)
    found = {}
    for name, each in measures.items():
        floor = float(np.nanmean(each.by_groups(*halves)))
        again = each.by_groups(*drawn)
        # A resample is farther away than its set, by as much as the set is than the truth.
        low, high = 2 * distances[name] - np.nanpercentile(again, [97.5, 2.5])
        found[name] = Difference(
            distance=distances[name],
            floor=max(floor, steps[name]),
            low=max(float(low), 0.0),
            high=max(float(high), 0.0),
            chance=chances[name],
            spread=float(each.values[~each.ours].std()),
        )
    return found


def _chances(distances: dict[str, float], by_chance: dict[str, Floats]) -> dict[str, float]:
    """Return the chance of each distance among the largest of all measures in each round."""
    largest = np.full(_PERMUTATIONS, -np.inf)
    scores = {}
    for name, rounds in by_chance.items():
        mean, deviation = float(np.nanmean(rounds)), max(float(np.nanstd(rounds)), 1e-12)
        scores[name] = (distances[name] - mean) / deviation
        largest = np.fmax(largest, (rounds - mean) / deviation)
    return {
        name: float(1 + np.sum(largest >= score - 1e-9)) / (1 + _PERMUTATIONS)
        for name, score in scores.items()
    }
