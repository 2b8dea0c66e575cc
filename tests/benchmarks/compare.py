"""Whether ``dataset compare`` finds what was planted, and nothing where nothing was.

``python -m tests.benchmarks.compare [--cases N] [--images N]``. Datasets are planned and labelled by
rays, pictures are made of numbers: nothing is rendered. Exit code 1 where one set against itself
shows a difference in more than 5 % of its halves, one shift is named in less than 9 of 10 cases, two
in less than 8 of 10, or fitted values lower the planted distances by less than 80 %, of what is
above the distance of two samples of one set.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np

from renderer.dataset.compare.comparison import Comparison, Row, compare, judged
from renderer.dataset.compare.distance import Pooled, wasserstein
from renderer.dataset.compare.generated import read_generated
from renderer.dataset.layout import Layout
from tests.dataset.compare.planted import SHIFTS, planted, with_shifts, with_values

_OF_PICTURES = ("brightness", "temperature", "noise")


def halves(layout: Layout, rounds: int) -> int:
    """How many of so many random halves of a set differ from the other half."""
    images, found = read_generated(layout, 0).images, 0
    for seed in range(rounds):
        order = np.random.default_rng(seed).permutation(len(images))
        first, second = np.array_split(order, 2)
        sides = [[images[at] for at in half] for half in (first, second)]
        found += any(
            each.differs for each in judged(sides[0], sides[1], seed % 10 == 0, seed).values()
        )
    return found


def chance(row: Row) -> float:
    """The distance of two samples of one set, of sizes as those that were compared."""
    values = np.concatenate([row.ours.values, row.real.values])
    image = np.concatenate([row.ours.image, row.real.image + row.ours.image.max() + 1])
    pooled, count = Pooled.of((values, image), (values[:0], image[:0])), int(image.max()) + 1
    dealt = np.zeros((200, count))
    for each in dealt:
        order = np.random.default_rng(len(values)).permutation(count)
        each[order[: int(row.ours.image.max()) + 1]] = 1
    return float(np.nanmean(pooled.by_groups(dealt, 1 - dealt)))


class Cases:
    """Datasets with what is planted in them."""

    def __init__(self, root: Path, images: int) -> None:
        self._root, self._images, self._made = root, images, 0

    def make(self, recipe: dict[str, object]) -> Layout:
        self._made += 1
        recipe = {**recipe, "images": self._images, "seed": self._made}
        return planted(self._root / f"{self._made}", self._root / "cache", recipe, True)

    def try_out(self, base: Layout, names: tuple[str, ...], which: int) -> tuple[bool, float]:
        """Whether all that was planted is named, and how much of its distances is left with the
        fitted values.
        """
        real = self.make(with_shifts(*names, which=which))
        pictures = real.root if set(names) & set(_OF_PICTURES) else None
        found = compare(base, real.instances, pictures)
        fits = [row.advice.fitted for row in found.rows if row.advice and row.advice.fitted]
        wanted = {".".join(map(str, SHIFTS[name][0][:2])) for name in names}
        named = {".".join(map(str, fitted.path[:2])) for fitted in fits} >= wanted
        again = self.make(with_values(value for fitted in fits for value in fitted.values))
        after = compare(again, real.instances, pictures)
        left = max(_left(found, after, name) for name in names)
        print(
            f"  {' and '.join(names)}: {'named' if named else 'NOT NAMED'}, {100 * left:.0f} % left"
            f"   {'; '.join(row.advice.text for row in found.rows if row.advice and row.advice.fitted)}",
            flush=True,
        )
        return named, left


def _left(before: Comparison, after: Comparison, name: str) -> float:
    rows = [next(r for r in each.rows if r.measure.name == name) for each in (before, after)]
    usual = chance(replace(rows[1]))
    distances = [wasserstein(row.ours.values, row.real.values) - usual for row in rows]
    return max(distances[1], 0.0) / distances[0]


def main() -> int:
    """Try everything and tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--halves", type=int, default=100)
    asked = parser.parse_args()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(Path(folder), asked.images)
        base = cases.make(with_shifts())
        wrong = halves(base, asked.halves)
        print(f"halves of one set: {wrong} of {asked.halves} differ", flush=True)
        pairs = list(combinations(SHIFTS, 2))
        ones = [
            ((list(SHIFTS)[at % len(SHIFTS)],), at // len(SHIFTS) % 2) for at in range(asked.cases)
        ]
        twos = [(pairs[at * 5 % len(pairs)], at % 2) for at in range(asked.cases)]
        results = [[cases.try_out(base, *each) for each in group] for group in (ones, twos)]
    shares = [np.mean([named for named, _ in group]) for group in results]
    lowered = [1 - left for group in results for named, left in group if named]
    print(f"one shift named in {100 * shares[0]:.0f} % of {asked.cases} cases")
    print(f"two shifts both named in {100 * shares[1]:.0f} % of {asked.cases} cases")
    print(
        f"fitted values lower distances by {100 * np.median(lowered):.0f} % (median), by "
        f"{100 * min(lowered):.0f} % at least; {time.monotonic() - start:.0f} s"
    )
    good = wrong <= 0.05 * asked.halves and shares[0] >= 0.9 and shares[1] >= 0.8
    return 0 if good and np.median(lowered) >= 0.8 else 1


if __name__ == "__main__":
    sys.exit(main())
