"""What is in another or in the air is found without the engine's word, wherever it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.geometry.rotation import euler
from renderer.plan import Planner
from renderer.plan.drop.rest import buried, hovering
from renderer.plan.drop.simulation import Slab, Touch
from renderer.plan.drop.thing import Thing
from renderer.plan.placed import Posed
from tests.plan.drop.solids import SOLIDS, bowl, recipe

Maker = Callable[..., Planner]


@pytest.fixture
def thing(plain_planner: Maker) -> Callable[..., Thing]:
    """Makes a thing of a solid; ``at`` is the middle of its box."""
    objects = [{"asset": f"{name}.ply", "category": name} for name in (*SOLIDS, "bowl")]
    planner = plain_planner(recipe("pile", objects), bowl=bowl(), **SOLIDS)

    def make(name: str, at: Any, yaw: float = 0.0, fast: bool = False) -> Thing:
        number = [each.category for each in planner.recipe.objects].index(name)
        (candidate,) = planner._candidates[number].values()
        rotation = euler(yaw, 0, 0)
        hull = candidate.geometry.hull.astype(float) @ rotation.T
        posed = Posed(planner.recipe.objects[number], candidate, "p", 1.0, rotation, hull)
        return Thing(posed, np.array(at, float), fast)

    return make


def test_in_the_floor(thing: Callable[..., Thing]) -> None:
    assert buried([thing("box", (0, 0, 0.0252))], [], 1e-4) is None
    assert buried([thing("box", (0, 0, 0.0248))], [], 1e-4) == 0


@pytest.mark.parametrize("yaw", [0.0, 30.0, 45.0])
def test_in_each_other(thing: Callable[..., Thing], yaw: float) -> None:
    """A box 5 cm high on another, corners of neither in the other where one is turned."""
    below = thing("box", (0, 0, 0.025))
    for up, found in ((0.0751, None), (0.0749, None), (0.074, 0)):
        assert buried([below, thing("box", (0.01, 0.0, up), yaw)], [], 2e-4) == found


def test_in_the_wall_of_a_bin(thing: Callable[..., Thing]) -> None:
    wall = Slab(np.array([0.1, 0, 0.1]), np.array([0.01, 0.5, 0.1]))
    assert buried([thing("box", (0.0299, 0, 0.03))], [wall], 2e-4) is None
    assert buried([thing("box", (0.031, 0, 0.03))], [wall], 2e-4) == 0


def test_a_bowl_is_hollow(thing: Callable[..., Thing]) -> None:
    inside = thing("ball", (0, 0, 0.5))
    assert buried([thing("bowl", (0, 0, 0.5)), inside], [], 1e-3) is None
    assert buried([thing("bowl", (0, 0, 0.5)), thing("ball", (0.92, 0, 0.9))], [], 1e-3) == 0


def test_what_rests_on_air(thing: Callable[..., Thing]) -> None:
    """A ball on the bowl's hull, over its hollow, touches nothing of the bowl."""
    over = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    things = [thing("bowl", (0, 0, 0.5)), thing("ball", (0, 0, 1.04))]
    floor = Touch(0, None, np.zeros((2, 3)), 0.0, 1.0)
    assert hovering(things, [], [floor, Touch(1, 0, over, 0.0, 1.0)], 1e-3) == 1
    on_rim = over + (0.95, 0, 0)
    things[1] = thing("ball", (0.95, 0, 1.04))
    assert hovering(things, [], [floor, Touch(1, 0, on_rim, 0.0, 1.0)], 2e-3) is None
    beside = Touch(1, 0, on_rim, 0.0, 0.0)  # held from the side alone
    assert hovering(things, [], [floor, beside], 2e-3) == 1


def test_a_bowl_that_falls_holds_a_ball_that_falls(thing: Callable[..., Thing]) -> None:
    """Both of them: on the bowl's hull, 15 cm high, the ball would lie at 19 cm."""
    from dataclasses import replace

    from renderer.plan.drop.scene import Fall

    bowl_first = thing("bowl", (0, 0, 0.076))
    posed = replace(bowl_first.posed, scale=0.15, hull=0.15 * bowl_first.posed.hull)
    small = Thing(posed, np.array([0, 0, 0.076]), False)
    fall = Fall([small, thing("ball", (0.01, 0, 0.2))], [], 0.5)
    assert fall.settle(3000)
    bowl_now, ball = fall.things()
    assert ball.middle[2] < 0.08
    assert np.linalg.norm(ball.middle[:2] - bowl_now.middle[:2]) < 0.06
    # A convex piece bridges the hollow of the bowl by more than a ball of 8 cm may hover: refused.
    assert fall.flaw([bowl_now, ball]) == (1, "in the air")
