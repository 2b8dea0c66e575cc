"""Room on a floor among many things: what slides stops at the first place free of all of them."""

from __future__ import annotations

import numpy as np

from renderer.geometry.floor_space import FloorSpace
from renderer.geometry.footprint import Footprint
from renderer.geometry.sliding import blocked_span, first_free


def block(random: np.random.Generator, reach: float) -> np.ndarray:
    """A tilted box somewhere."""
    turn = np.linalg.qr(random.normal(size=(3, 3)))[0]
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    size = random.uniform(0.05, 0.4, 3)
    place = np.array([*random.uniform(-reach, reach, 2), 0.0])
    hull: np.ndarray = (corners * size) @ turn.T + place
    hull[:, 2] -= hull[:, 2].min()
    return hull


def test_it_is_the_first_room_among_all() -> None:
    """The same distance, to the bit, as where every other thing is looked at."""
    random = np.random.default_rng(1)
    moved = 0
    for _ in range(60):
        space, others = FloorSpace(), []
        for _ in range(int(random.integers(0, 60))):
            others.append(block(random, 2.0))
            space.add(others[-1])
        hull = block(random, 2.0)
        angle = random.uniform(0, 2 * np.pi)
        direction, one = np.array([np.cos(angle), np.sin(angle)]), Footprint(hull)
        spans = [
            blocked_span(
                one.outline,
                (two := Footprint(other)).outline,
                np.concatenate([one.axes, two.axes]),
                direction,
                0.1 * one.radius,
            )
            for other in others
        ]
        distance = space.first_room(hull, direction, 0.1)
        assert distance == first_free(spans)
        moved += distance > 0
    assert moved > 20
