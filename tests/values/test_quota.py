"""Exact shares: of any first shots each side has its own, rounded down or up, for any shares."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from renderer.values.quota import Quota
from renderer.values.sphere_cells import Cell, angles_of, direction_of, icosahedral_cells


@st.composite
def shares(draw: st.DrawFn) -> list[float]:
    grid = draw(st.sampled_from([10, 20, 100, 1000, 10_000]))
    cuts = sorted(draw(st.lists(st.integers(1, grid), min_size=1, max_size=6, unique=True)))
    return [(b - a) / grid for a, b in zip([0, *cuts], cuts, strict=False)]


def rounded(shares: list[float]) -> list[float]:
    return [round(share, 4) for share in shares]


@settings(max_examples=60, deadline=None)
@given(shares(), st.integers(0, 2**40), st.integers(1, 1500))
def test_any_first_shots_have_their_shares(wanted: list[float], seed: int, shots: int) -> None:
    wanted = rounded(wanted)
    quota = Quota.of_shares("k", wanted, seed)
    counts = [0] * (len(wanted) + 1)
    exact = [Fraction(repr(share)) for share in wanted]
    exact.append(1 - sum(exact))
    for index in range(shots):
        counts[quota.side(index)] += 1
        for count, share in zip(counts, exact, strict=True):
            ideal = share * (index + 1)
            assert math.floor(ideal) <= count <= math.ceil(ideal)
    assert counts == quota.counts(shots)


def test_a_side_is_where_it_is_whoever_asks() -> None:
    quota = Quota.of_shares("k", [0.05, 0.05, 0.1], 7)
    forth = [quota.side(index) for index in range(1000)]
    assert [quota.side(index) for index in reversed(range(1000))] == forth[::-1]
    assert [Quota.of_shares("k", [0.05, 0.05, 0.1], 8).side(at) for at in range(1000)] != forth
    assert [Quota.of_shares("l", [0.05, 0.05, 0.1], 7).side(at) for at in range(1000)] != forth


def test_a_side_has_no_period() -> None:
    """One in twenty is in any place of a turntable of twenty about as often as in any other."""
    quota = Quota.of_shares("k", [0.05], 3)
    places = [0] * 20
    for index in range(20 * 2000):
        places[index % 20] += quota.side(index) == 0
    # Binomial: 100 +- 10.
    assert min(places) > 60
    assert max(places) < 140


def test_cells_cover_the_sphere_once() -> None:
    for subdivisions in (0, 1, 2):
        cells = icosahedral_cells(subdivisions)
        assert len(cells) == 20 * 4**subdivisions
        for step in range(500):
            elevation = math.degrees(math.asin(2 * (step + 0.5) / 500 - 1))
            direction = direction_of(step * 137.508 + 0.1, elevation)
            assert sum(cell.holds(direction) for cell in cells) == 1
            azimuth, again = angles_of(direction)
            assert math.isclose(azimuth, (step * 137.508 + 0.1) % 360, abs_tol=1e-6)
            assert math.isclose(again, elevation, abs_tol=1e-6)


def test_what_is_drawn_in_a_cell_is_in_it() -> None:
    cell: Cell = icosahedral_cells(1)[17]
    for first in range(10):
        for second in range(10):
            assert cell.holds(cell.at((first + 0.5) / 10, (second + 0.3) / 10))
