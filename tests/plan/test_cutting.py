"""camera.orbit.cut: so many images with an object cut by the frame's edge, by amodal masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from renderer.plan import Planner
from renderer.recipe import Recipe
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.labelled import labels_of

Maker = Callable[..., Planner]
SOLIDS = {"box": shapes.box((0.6, 0.4, 0.8)), "ball": shapes.sphere(rings=24)}
OBJECTS = [
    {"asset": "box.ply", "category": "box", "count": {"integers": [1, 3]}},
    {"asset": "ball.ply", "category": "ball", "scale": 0.3},
]


def recipe(cut: Any, objects: list[dict[str, Any]] = OBJECTS, **more: Any) -> dict[str, Any]:
    orbit = {"elevation_deg": {"uniform": [20, 60]}, "roll_deg": {"uniform": [-30, 30]}, "cut": cut}
    return {
        "name": "t",
        "images": 64,
        "objects": objects,
        "camera": {"resolution": [320, 240], "orbit": orbit, **more.pop("camera", {})},
        "background": {"color": "white"},
        **more,
    }


def truncations(planner: Planner, index: int) -> list[float]:
    """How much of each object is beyond the frame; 1 for one without a label."""
    shot = planner.shot(index)
    labels = labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache))
    outside = len(shot.objects) - len(labels)
    return [label.truncation for label in labels] + [1.0] * outside


@pytest.mark.parametrize(("share", "limit"), [(0.25, 0.5), (0.5, 0.2), (1, 0.8)])
def test_share_and_limit(plain_planner: Maker, share: float, limit: float) -> None:
    planner = plain_planner(recipe({"share": share, "limit": limit}), **SOLIDS)
    most = [max(truncations(planner, index)) for index in range(64)]
    cut = [each for each in most if each > 0]
    assert len(cut) == 64 * share
    # Others beside it may be cut, too, by accept.max_truncation, which knows it to a hundredth.
    assert max(cut) <= max(limit, 0.5) + 0.02
    assert max(cut) > 0.75 * limit
    assert min(cut) > 0.1 * limit


def test_one_alone_is_cut_within_the_limit_on_any_side(plain_planner: Maker) -> None:
    """Evenly from a fifth of the limit on, by each of the four edges."""
    planner = plain_planner(recipe({"share": 1, "limit": 0.6}, OBJECTS[:1]), **SOLIDS)
    found, sides = [], np.zeros(4, int)
    for index in range(64):
        shot = planner.shot(index)
        labels = labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache))
        label = max(labels, key=lambda each: each.truncation)
        found.append(label.truncation)
        x, y, w, h = label.amodal_box
        sides += [x < 0, y < 0, x + w > 320, y + h > 240]
    assert 0.12 < min(found) < 0.2
    assert 0.5 < max(found) <= 0.6
    assert np.mean(found) == pytest.approx(0.6 * (0.2 + 0.95) / 2, abs=0.05)
    assert sides.min() >= 8


def test_with_a_size_in_pixels_it_is_that_object(plain_planner: Maker) -> None:
    data = recipe({"share": 1, "limit": 0.5}, camera={})
    data["camera"]["object_px"] = 60
    planner = plain_planner(data, **SOLIDS)
    for index in range(16):
        shot = planner.shot(index)
        labels = labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache))
        assert any(
            0 < label.truncation <= 0.5 and -2 <= max(label.amodal_box[2:]) - 60 <= 1
            for label in labels
        )


def test_the_other_images_are_what_they_were(plain_planner: Maker) -> None:
    plain = recipe(None)
    del plain["camera"]["orbit"]["cut"]
    before = plain_planner(plain, **SOLIDS)
    after = plain_planner(recipe({"share": 0.25}), **SOLIDS)
    same = sum(before.shot(index) == after.shot(index) for index in range(32))
    assert same == 24
    for index in range(8):
        ours, theirs = before.shot(index), after.shot(index)
        if ours != theirs and theirs.attempts == ours.attempts == 1:
            assert ours.objects == theirs.objects
            assert ours.lamps == theirs.lamps


def test_a_rig_is_refused() -> None:
    camera = {"rig": {"stereo": {"baseline_m": 0.1}}}
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate(recipe({"share": 0.2}, camera=camera))
    (error,) = refused.value.errors()
    assert error["loc"] == ("camera", "orbit", "cut")
