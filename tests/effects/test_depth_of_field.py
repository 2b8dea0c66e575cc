"""Depth of field against the thin lens: the disc that a small far thing becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.plan import Planner
from renderer.truth.view import ViewTruth
from tests.truth.labelled import records_of
from tests.truth.test_analytic import PLAIN

Maker = Callable[..., Planner]


def scene(distance: float = 2.0, **effects: Any) -> dict[str, Any]:
    """A small ball, seen on black, and the lens is sharp elsewhere."""
    return {
        **PLAIN,
        "objects": [
            {"asset": "ball.ply", "category": "dot", "resting": False, "scale": 0.02},
        ],
        "camera": {
            "resolution": [96, 72],
            "focal_length_mm": 50,
            "sensor_width_mm": 24.0,
            "orbit": {"distance_m": distance, "elevation_deg": 20},
        },
        "background": {"color": "black", "shadows": False},
        "render": {**PLAIN["render"], "samples": 512},
        **({"effects": effects} if effects else {}),
    }


@pytest.mark.parametrize(("f_number", "radii"), [(0.7, 25.0), (0.5, -12.0), (1.4, 1e5)])
def test_a_dot_is_a_disc(
    make_planner: Maker, scene_renderer: Any, f_number: float, radii: float
) -> None:
    """Its radius is A fx |1/z - 1/f| / 2 pixels, A = focal length / f-number."""
    effect = {"f_number": f_number, "focus": radii}
    planner = make_planner(scene(1.0, depth_of_field=effect))
    shot = planner.shot(0)
    (frame,) = scene_renderer.render(shot)
    fx, focus = 50 / 24 * 96, 1.0 + radii * shot.radius_m
    radius = 0.050 / f_number * fx * abs(1 / 1.0 - 1 / focus) / 2
    assert radius > 0.9
    cover = frame.color[..., 3].astype(float)
    rows, columns = np.mgrid[: cover.shape[0], : cover.shape[1]] + 0.5
    x, y = (np.average(each, weights=cover) for each in (columns, rows))
    spread = np.average((columns - x) ** 2 + (rows - y) ** 2, weights=cover)
    sharp = make_planner(scene(1.0))
    own = scene_renderer.render(sharp.shot(0))[0].color[..., 3].astype(float)
    a, b = (np.average(each, weights=own) for each in (columns, rows))
    before = np.average((columns - a) ** 2 + (rows - b) ** 2, weights=own)
    # A disc's mean square distance from its middle is half its radius squared; spreads add up.
    assert np.sqrt(2 * (spread - before)) == pytest.approx(radius, rel=0.04)
    assert (x, y) == pytest.approx((a, b), abs=0.05)
    assert cover.sum() == pytest.approx(own.sum(), rel=0.03)


def test_labels_are_those_of_the_sharp_picture(make_planner: Maker, scene_renderer: Any) -> None:
    crowd = {
        **scene(),
        "objects": [
            {"asset": "ball.ply", "category": "ball", "count": 3, "scale": 0.3},
            {"asset": "box.ply", "category": "box", "count": 3, "orientation": "free"},
        ],
        "camera": {"resolution": [160, 120]},
        "render": {**PLAIN["render"], "samples": 5},
        "accept": {"min_visibility": 0.0},
    }
    blurred = {
        **crowd,
        "effects": {
            "depth_of_field": {"f_number": 0.7, "focus": -1},
            "motion_blur": {"length_px": 9, "direction_deg": 30, "roll_deg": 4},
        },
    }
    for index in range(3):
        frames, records = [], []
        for data in (crowd, blurred, crowd):
            planner = make_planner(data)
            shot = planner.shot(index)
            (frame,) = scene_renderer.render(shot)
            frames.append(frame)
            truth = ViewTruth.of(shot, shot.views[0].camera, planner.cache, frame)
            records.append(records_of(truth))
        assert records[0] == records[1] == records[2]
        assert np.array_equal(frames[0].index, frames[1].index)
        assert np.array_equal(frames[0].color, frames[2].color)  # nothing stays behind
        assert np.abs(frames[0].color - frames[1].color).mean() > 0.01


def test_engines_without_a_lens_are_refused(make_planner: Maker) -> None:
    data = {**scene(depth_of_field={}), "render": {"engine": "eevee"}}
    with pytest.raises(ValueError, match="needs a camera with a lens"):
        make_planner(data)
