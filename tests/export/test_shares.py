"""Whose turn it is: shares are kept after every image, by arithmetic that is not the writer's."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.export.shares import Shares


def turns(shares: dict[str, float], count: int, size: int = 1) -> list[int]:
    found, order = Shares(shares), []
    for _ in range(count):
        side = found.open(size)
        found.images[side] += size
        order.append(side)
    return order


@st.composite
def splits(draw: st.DrawFn) -> dict[str, float]:
    """Shares of hundredths or of parts of anything, that sum to 1 as floats do."""
    parts = draw(st.lists(st.integers(1, 400), min_size=1, max_size=9))
    return {f"side{at}": part / sum(parts) for at, part in enumerate(parts)}


@settings(max_examples=60, deadline=None)
@given(splits(), st.sampled_from([1, 2, 7]))
def test_no_side_is_ever_off_by_a_whole_group(shares: dict[str, float], size: int) -> None:
    counts = Counter[int]()
    for number, side in enumerate(turns(shares, 120, size), start=1):
        counts[side] += 1
        for at, share in enumerate(shares.values()):
            assert abs(counts[at] - Fraction(share) * number) < 1 + Fraction(1, 10**6)


@pytest.mark.parametrize(
    ("shares", "count", "sizes"),
    [
        ((0.8, 0.1, 0.1), 10, [8, 1, 1]),
        ((0.8, 0.1, 0.1), 1000, [800, 100, 100]),
        ((0.333333333, 0.333333333, 0.333333334), 999, [333, 333, 333]),
        ((0.999, 0.001), 3000, [2997, 3]),
        ((0.15, 0.7, 0.15), 20, [3, 14, 3]),
        ((1.0,), 5, [5]),
    ],
)
def test_sizes_by_hand(shares: tuple[float, ...], count: int, sizes: list[int]) -> None:
    order = turns({f"side{at}": share for at, share in enumerate(shares)}, count)
    assert [order.count(side) for side in range(len(shares))] == sizes


@pytest.mark.parametrize("period", [2, 3, 5, 10, 20])
def test_a_periodic_plan_is_seen_whole_by_every_side(period: int) -> None:
    order = turns({"train": 0.8, "val": 0.1, "test": 0.1}, 4000)
    for side in (1, 2):
        phases = Counter(number % period for number, each in enumerate(order) if each == side)
        assert len(phases) == period
        assert max(phases.values()) < 2.5 * 400 / period


def test_sides_of_groups_of_other_sizes_come_near() -> None:
    shares = Shares({"train": 0.8, "val": 0.2})
    sizes = [1 + number * 7 % 11 for number in range(500)]
    for size in sizes:
        shares.images[shares.open(size)] += size
    assert abs(shares.images[1] - 0.2 * sum(sizes)) <= 11
