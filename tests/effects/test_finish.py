"""Procedural surfaces: never flat, in metres of the thing, on what has no label alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.plan import Planner
from renderer.values.finish import FAMILIES

Maker = Callable[..., Planner]
SCENE: dict[str, Any] = {
    "name": "t",
    "images": 20,
    "objects": [{"asset": "box.ply", "category": "box", "size_m": 0.2}],
    "camera": {"resolution": [96, 64], "orbit": {"azimuth_deg": 0, "elevation_deg": 60}},
    "lighting": {"world": {"color": "white"}},
    "render": {"samples": 8, "denoise": False},
}


def floor(family: str, **keys: Any) -> dict[str, Any]:
    finish = {"family": family, "color": "grey", "scale": 1, **keys}
    return {**SCENE, "background": {"floor": {"finish": finish}}}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_is_flat_between_pixels(
    family: str, make_planner: Maker, scene_renderer: Any
) -> None:
    """In the engine's own colour of surfaces, which has no noise of light: a pixel is some 3 mm.
    The plain floor is the measure of what sampling leaves.
    """
    frame = scene_renderer.render(make_planner(floor(family)).shot(0))[0]
    bare = frame.index == 0
    shade = frame.passes["albedo"].mean(axis=2)
    beside = bare[:, 1:] & bare[:, :-1]
    assert np.abs(np.diff(shade, axis=1)[beside]).mean() / shade[bare].mean() > 0.015
    plain = {**SCENE, "background": {"floor": {"material": "plain", "color": "grey"}}}
    same = scene_renderer.render(make_planner(plain).shot(0))[0]
    assert np.array_equal(same.index, frame.index)


def test_only_what_has_no_label_gets_one(make_planner: Maker, scene_renderer: Any) -> None:
    plain = {**SCENE, "effects": {"distractors": {"count": 6, "color": "red"}}}
    used = {**SCENE, "effects": {**plain["effects"], "finish": {"color": "blue"}}}
    one, other = make_planner(plain).shot(0), make_planner(used).shot(0)
    assert one.objects == other.objects
    state = other.effects[1]
    assert [each.instance for each in state.objects] == [
        each.instance for each in other.objects if each.category is None
    ]
    assert len({each.finish.family for each in state.objects}) > 1
    assert len({each.finish.origin for each in state.objects}) == len(state.objects)
    before, after = (scene_renderer.render(shot)[0] for shot in (one, other))
    assert np.array_equal(before.index, after.index)
    colors = [np.median(f.passes["albedo"][f.index > 1], axis=0) for f in (before, after)]
    assert colors[0].argmax() == 0
    assert colors[1].argmax() == 2
    # Outlines have some of what is beside them.
    own = [f.passes["albedo"][f.index == 1] for f in (before, after)]
    assert (np.abs(own[0] - own[1]).max(axis=1) < 1e-6).mean() > 0.7


def test_another_finish_leaves_nothing_of_it(make_planner: Maker, scene_renderer: Any) -> None:
    import bpy

    wood, tile = make_planner(floor("wood")), make_planner(floor("tile"))
    first = scene_renderer.render(wood.shot(0))[0].color
    count = len(bpy.data.materials)
    assert not np.array_equal(scene_renderer.render(tile.shot(0))[0].color, first)
    assert np.array_equal(scene_renderer.render(wood.shot(0))[0].color, first)
    assert len(bpy.data.materials) == count
