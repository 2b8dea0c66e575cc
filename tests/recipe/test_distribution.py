"""Draws stay in their support and follow their law; streams are independent and random access."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from renderer.values.colour import Colour
from renderer.values.distribution import Choice
from renderer.values.draw import draw_choice, draw_colour, draw_number
from renderer.values.number import Number, support
from renderer.values.stream import Stream

numbers = TypeAdapter(Number)
colours = TypeAdapter(Colour)
bound = st.floats(-1e6, 1e6)


def ordered(low: float, high: float) -> list[float]:
    return [min(low, high), max(low, high)]


@st.composite
def distributions(draw: st.DrawFn) -> dict[str, object]:
    pair = ordered(draw(bound), draw(bound))
    kind = draw(
        st.sampled_from(
            ["uniform", "low_discrepancy", "stratified", "integers", "normal", "loguniform"]
        )
    )
    if kind == "integers":
        return {kind: [math.floor(n) for n in pair]}
    if kind == "normal":
        low, high = pair
        assume(high > low + 1e-6)
        return {
            kind: [draw(st.floats(low, high)), draw(st.just(0) | st.floats(1e-3, 1e6))],
            "min": low,
            "max": high,
        }
    if kind == "loguniform":
        return {kind: [abs(pair[0]) + 1e-3, abs(pair[0]) + 1e-3 + draw(st.floats(0, 1e6))]}
    return {kind: pair}


@settings(max_examples=300, deadline=None)
@given(distributions(), st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 3))
def test_draws_stay_in_their_support(
    data: dict[str, object], seed: int, index: int, attempt: int
) -> None:
    value = numbers.validate_python(data)
    low, high = support(value)
    drawn = draw_number(value, Stream(seed, index, attempt), "key")
    assert low - 1e-9 * abs(low) <= drawn <= high + 1e-9 * abs(high)
    assert drawn == draw_number(value, Stream(seed, index, attempt), "key")
    if "integers" in data:
        assert drawn == int(drawn)


def many(data: object, count: int, path: str = "key") -> np.ndarray:
    value = numbers.validate_python(data)
    return np.array([draw_number(value, Stream(1, index), path) for index in range(count)])


def kolmogorov(sample: np.ndarray, cdf: np.ndarray) -> float:
    order = np.sort(cdf)
    steps = np.arange(len(order) + 1) / len(order)
    return float(max((order - steps[:-1]).max(), (steps[1:] - order).max()))


def test_laws() -> None:
    """Kolmogorov-Smirnov distance of 4,000 draws to each exact law, at the 0.1 % level."""
    limit = 1.95 / math.sqrt(4000)
    uniform = many({"uniform": [2, 5]}, 4000)
    assert kolmogorov(uniform, (uniform - 2) / 3) < limit
    log = many({"loguniform": [1, 100]}, 4000)
    assert kolmogorov(log, np.log(log) / np.log(100)) < limit
    bell = NormalDist(10, 2)
    low, high = bell.cdf(9), bell.cdf(15)
    normal = many({"normal": [10, 2], "min": 9, "max": 15}, 4000)
    assert (
        kolmogorov(normal, np.array([(bell.cdf(x) - low) / (high - low) for x in normal])) < limit
    )
    angle = many({"solid_angle": [-30, 90]}, 4000)
    assert kolmogorov(angle, (np.sin(np.radians(angle)) + 0.5) / 1.5) < limit


def test_weights_are_kept() -> None:
    choice = Choice[str](choice=("a", "b", "c"), weights=(1.0, 0.0, 3.0))
    drawn = [draw_choice(choice, Stream(3, index), "k") for index in range(4000)]
    assert drawn.count("b") == 0
    assert drawn.count("c") / 4000 == pytest.approx(0.75, abs=0.03)


def test_far_tail_of_a_normal() -> None:
    tail = many({"normal": [0, 1], "min": 6, "max": 7}, 200)
    assert tail.min() >= 6
    assert 6.05 < tail.mean() < 6.3  # the mean excess over 6 is about 1/6


@given(st.integers(0, 1000), st.integers(2, 64), st.integers(0, 20))
@settings(deadline=None, max_examples=60)
def test_stratified_has_one_in_each_cell(seed: int, strata: int, block: int) -> None:
    value = numbers.validate_python({"stratified": [0, 1], "strata": strata})
    drawn = [draw_number(value, Stream(seed, block * strata + at), "k") for at in range(strata)]
    assert sorted(int(x * strata) for x in drawn) == list(range(strata))


def star_discrepancy(points: np.ndarray) -> float:
    """Largest error of a box [0, x) x [0, y) over a grid of corners."""
    ticks = np.linspace(0.05, 1, 20)
    below = (points[:, None, :] < ticks[None, :, None]).astype(float)
    share = np.einsum("nx,ny->xy", below[..., 0], below[..., 1]) / len(points)
    return float(np.abs(share - np.outer(ticks, ticks)).max())


VIEW = ("camera.orbit.azimuth_deg", "camera.orbit.elevation_deg")


def mean_discrepancy(indices: list[int], low_discrepancy: bool) -> float:
    """Mean over 20 seeds of the star discrepancy of the views of some images."""
    found = []
    for seed in range(20):
        streams = [Stream(seed, index) for index in indices]
        draw = Stream.low_discrepancy if low_discrepancy else Stream.unit
        found.append(
            star_discrepancy(np.array([[draw(s, path) for path in VIEW] for s in streams]))
        )
    return float(np.mean(found))


CHUNKS = [chunk * 16 + at for chunk in (3, 4, 9, 10, 17, 22, 29, 31) for at in range(16)]


@pytest.mark.parametrize("indices", [list(range(64)), list(range(1000, 1064)), CHUNKS])
def test_views_cover_evenly(indices: list[int]) -> None:
    """The first views, those of a later stretch, and those of any chunks far outdo random."""
    assert mean_discrepancy(indices, True) < 0.65 * mean_discrepancy(indices, False)


def test_low_discrepancy_keys_are_independent() -> None:
    a, b = (
        many({"low_discrepancy": [0, 1]}, 512, path)
        for path in ("objects.mug.0.0.yaw_deg", "light")
    )
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.1
    for each in (a, b):
        assert np.histogram(each[:256], bins=256, range=(0, 1))[0].max() == 1  # exactly one a cell


def test_keys_and_indices_have_streams_of_their_own() -> None:
    stream = Stream(1, 2)
    assert stream.unit("a") != stream.unit("b") != Stream(1, 3).unit("b")
    assert stream.unit("a") != Stream(2, 2).unit("a")
    assert stream.again(1).unit("a") != stream.unit("a")


def test_steps_are_exact() -> None:
    assert many({"steps": [0, 360], "of": 4}, 6).tolist() == [0, 90, 180, 270, 0, 90]


def test_colours() -> None:
    stream = Stream(0, 0)
    assert draw_colour(colours.validate_python("#ff8000"), stream, "c") == (1.0, 128 / 255, 0.0)
    assert draw_colour(colours.validate_python([0.1, 0.2, 0.3]), stream, "c") == (0.1, 0.2, 0.3)
    for value in (
        "random",
        {"hsv": [{"uniform": [0, 1]}, 0.5, 0.5]},
        {"choice": ["red", "random"]},
    ):
        drawn = draw_colour(colours.validate_python(value), stream, "c")
        assert all(0 <= part <= 1 for part in drawn)
    for wrong in ("#ff80", "rde", [0.1, 0.2], [2, 0, 0], {"hsv": [0, 0]}):
        with pytest.raises(ValidationError):
            colours.validate_python(wrong)
