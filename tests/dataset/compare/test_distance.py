"""Distances as SciPy has them, and how often one set differs from itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from renderer.dataset.compare.comparison import judged
from renderer.dataset.compare.distance import wasserstein
from renderer.dataset.compare.sets import SetImage

SAMPLES = st.lists(st.floats(-100, 100), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(SAMPLES, SAMPLES)
def test_distance_is_wassersteins(first: list[float], second: list[float]) -> None:
    expected = wasserstein_distance(first, second)
    assert wasserstein(np.array(first), np.array(second)) == pytest.approx(expected, abs=1e-9)


def a_set(seed: int, count: int, shift: float = 0.0) -> list[SetImage]:
    """Images whose objects are alike: as large as each other, and in one corner."""
    random, made = np.random.default_rng(seed), []
    for at in range(count):
        number = random.integers(1, 8)
        side = np.exp2(random.normal(4 + shift, 0.5)) * np.exp2(random.normal(0, 0.1, (number, 2)))
        place = random.uniform(0, 60, 2) + random.normal(0, 3, (number, 2)).clip(-9, 9) + 10
        boxes = np.concatenate([place, side], axis=1)
        made.append(SetImage(str(at), str(at), (200, 200), boxes))
    return made


def test_halves_of_one_set_do_not_differ() -> None:
    """Objects of an image are alike: who takes each for a witness of its own finds differences."""
    images, wrong, rounds = a_set(0, 100), 0, 40
    for seed in range(rounds):
        order = np.random.default_rng(seed).permutation(len(images))
        first, second = ([images[at] for at in half] for half in np.array_split(order, 2))
        wrong += any(each.differs for each in judged(first, second, seed=seed).values())
    assert wrong <= 0.05 * rounds


def test_a_shift_is_a_difference_with_its_size_in_the_interval() -> None:
    found = judged(a_set(1, 60), a_set(2, 60, shift=1.0))
    size = found["size"]
    assert size.differs
    assert size.low < 1.0 < size.high
    assert size.distance == pytest.approx(1.0, abs=0.25)
    assert size.ratio == pytest.approx(size.distance / size.floor)
    assert not found["aspect"].differs


def test_the_floor_is_the_way_from_half_to_half() -> None:
    images = a_set(3, 60)
    found = judged(a_set(4, 200), images)["size"]
    values = [np.log2(each.boxes[:, 2] * each.boxes[:, 3] / 200**2) / 2 for each in images]
    ways = []
    for seed in range(200):
        order = np.random.default_rng(seed).permutation(60)
        halves = [np.concatenate([values[at] for at in half]) for half in np.split(order, 2)]
        ways.append(wasserstein_distance(*halves))
    assert found.floor == pytest.approx(np.mean(ways), rel=0.1)


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, second = (judged(a_set(1, 20), a_set(2, 20), seed=7) for _ in range(2))
    assert first == second


def test_sets_of_one_value_are_alike() -> None:
    same = [SetImage(str(at), str(at), (9, 9), np.array([[1.0, 1, 4, 4]])) for at in range(12)]
    assert not any(each.differs for each in judged(same, same).values())
