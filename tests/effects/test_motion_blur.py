"""Motion blur: a dot becomes a streak of the length and direction that are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.plan import Planner
from tests.effects.test_depth_of_field import scene

Maker = Callable[..., Planner]


@pytest.mark.parametrize(("length", "direction"), [(12.0, 0.0), (8.0, 90.0), (15.0, 35.0)])
def test_a_dot_is_a_streak(
    make_planner: Maker, scene_renderer: Any, length: float, direction: float
) -> None:
    effect = {"length_px": length, "direction_deg": direction}
    moments = []
    for data in (scene(motion_blur=effect), scene()):
        cover = scene_renderer.render(make_planner(data).shot(0))[0].color[..., 3].astype(float)
        rows, columns = np.mgrid[: cover.shape[0], : cover.shape[1]] + 0.5
        places = np.column_stack([columns.ravel(), rows.ravel()])
        middle = np.average(places, axis=0, weights=cover.ravel())
        spread = np.cov((places - middle).T, aweights=cover.ravel(), bias=True)
        moments.append((middle, spread, cover.sum()))
    (middle, spread, light), (before, own, whole) = moments
    # The labels' time is the middle of the streak.
    assert middle == pytest.approx(before, abs=0.1)
    assert light == pytest.approx(whole, rel=0.03)
    angle = np.radians(direction)
    along, across = (
        np.array([np.cos(angle), np.sin(angle)]),
        np.array([-np.sin(angle), np.cos(angle)]),
    )
    extra = spread - own
    # A line's mean square distance from its middle is a twelfth of its length squared.
    assert np.sqrt(12 * along @ extra @ along) == pytest.approx(length, rel=0.03)
    assert abs(across @ extra @ across) < 0.2


def test_no_motion_is_no_change(make_planner: Maker, scene_renderer: Any) -> None:
    still = scene(motion_blur={"length_px": 0})
    one, other = (scene_renderer.render(make_planner(each).shot(0))[0] for each in (still, scene()))
    assert np.array_equal(one.color, other.color)
