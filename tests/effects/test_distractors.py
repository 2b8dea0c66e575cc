"""Distractors: on the floor, apart from all, in the picture and in no label."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from renderer.plan import Planner
from renderer.shot.shot import Shot
from renderer.truth.view import ViewTruth
from tests.conftest import orbitset, write_recipe
from tests.truth.labelled import labels_of

Maker = Callable[..., Planner]
SCENE: dict[str, Any] = {
    "name": "t",
    "images": 12,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": 2},
        {"asset": "ball.ply", "category": "ball", "scale": 0.2, "resting": False},
    ],
    "camera": {
        "resolution": [96, 72],
        "orbit": {"elevation_deg": {"uniform": [20, 60]}, "fill": 0.5},
    },
    "lighting": {"world": {"color": "white"}, "lights": []},
    "background": {"color": "white"},
    "render": {"samples": 4, "denoise": False},
    "accept": {"min_visibility": 0},
}
# "red", #d62828, by IEC 61966-2-1.
RED = tuple(((code / 255 + 0.055) / 1.055) ** 2.4 for code in (0xD6, 0x28, 0x28))
EFFECT: dict[str, Any] = {"count": 12, "size": {"uniform": [0.2, 0.8]}, "distance": 0.5}


def scene(**effect: Any) -> dict[str, Any]:
    return {**SCENE, "effects": {"distractors": {**EFFECT, **effect}}}


def corners(planner: Planner, shot: Shot) -> list[np.ndarray]:
    """Every vertex of each object's model in the world."""
    found = []
    for entry in shot.objects:
        matrix = np.array(entry.model_to_world)
        points = planner.cache.geometry(entry.asset).vertices.astype(float)
        found.append(points @ matrix[:3, :3].T + matrix[:3, 3])
    return found


def meet(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether convex hulls have a point in common: mixtures of both sides' corners that agree."""
    equal = np.block(
        [[a.T, -b.T], [np.ones(len(a)), np.zeros(len(b))], [np.zeros(len(a)), np.ones(len(b))]]
    )
    solved = linprog(np.zeros(len(a) + len(b)), A_eq=equal, b_eq=[0, 0, 0, 1, 1])
    return bool(solved.status == 0)


def test_they_lie_on_the_floor_apart_from_all(make_planner: Maker) -> None:
    planner = make_planner(scene())
    for index in range(3):
        shot = planner.shot(index)
        assert len(shot.objects) == 15
        solids = corners(planner, shot)
        for entry, points in zip(shot.objects, solids, strict=True):
            if entry.category is None:
                assert points[:, 2].min() == pytest.approx(0, abs=1e-6)
                own = points @ np.array(entry.model_to_world)[:3, :3] / entry.scale  # turned back
                assert np.ptp(own, axis=0).max() == pytest.approx(entry.scale, rel=1e-5)
                assert 0.2 <= entry.scale / shot.radius_m <= 0.8
        for (one, a), (other, b) in combinations(zip(shot.objects, solids, strict=True), 2):
            if None in (one.category, other.category):
                assert not meet(a, b), (index, one.instance, other.instance)


def test_the_subject_stays_what_it_is(make_planner: Maker) -> None:
    plain, crowded = make_planner(SCENE), make_planner(scene())
    for index in range(4):
        alone, among = plain.shot(index), crowded.shot(index)
        assert among.objects[:3] == alone.objects
        assert all(entry.category is None for entry in among.objects[3:])
        assert alone.effects == ()
        for part in ("views", "center", "radius_m", "lamps", "world", "background", "render"):
            assert getattr(among, part) == getattr(alone, part), part


def test_one_key_changes_one_thing(make_planner: Maker) -> None:
    first, other = make_planner(scene()), make_planner(scene(color="red"))
    fewer = make_planner(scene(count=5))
    for index in range(4):
        shot = first.shot(index)
        assert other.shot(index).objects == shot.objects
        assert other.shot(index).effects != shot.effects
        assert len({each.color for each in shot.effects[0].painted}) == 12
        assert {each.color for each in other.shot(index).effects[0].painted} == {RED}
        assert fewer.shot(index).objects == shot.objects[:8]
        assert fewer.shot(index).effects[0].painted == shot.effects[0].painted[:5]


def test_none_stands_in_a_camera_s_way(make_planner: Maker) -> None:
    """A wide lens among many: what would be cut by its image plane is put elsewhere."""
    data = scene(count=60, distance={"uniform": [0, 3]})
    data["camera"] = {"resolution": [96, 72], "focal_length_mm": 14, "orbit": {"fill": 0.6}}
    planner = make_planner(data)
    for index in range(4):
        shot = planner.shot(index)
        assert shot.attempts == 1
        assert len(shot.objects) > 40
        camera = shot.views[0].camera
        for points in corners(planner, shot):
            depths = camera.project(points)[:, 2]
            assert depths.min() > 0 or depths.max() <= 0


def test_a_hidden_subject_is_planned_anew(make_planner: Maker) -> None:
    data = scene(size=1.5, count=8)
    data["accept"] = {"min_visibility": 0.7, "tries": 500}
    planner = make_planner(data)
    attempts = 0
    for index in range(4):
        shot = planner.shot(index)
        attempts += shot.attempts
        labels = labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache))
        assert len(labels) == 3
        for label in labels:
            assert label.entry.category is not None
            assert label.visibility > 0.6
    assert attempts > 4


def test_they_hide_have_their_colours_and_no_label(
    make_planner: Maker, scene_renderer: Any
) -> None:
    planner = make_planner(scene(size=0.8))
    hidden = 0
    for index in range(3):
        shot = planner.shot(index)
        frame = scene_renderer.render(shot)[0]
        camera = shot.views[0].camera
        cast = ViewTruth.of(shot, camera, planner.cache)
        assert (cast.index != frame.index).mean() < 0.005
        labels = labels_of(ViewTruth.of(shot, camera, planner.cache, frame))
        assert {label.entry.instance for label in labels} <= {1, 2, 3}
        hidden += sum(label.visibility < 0.95 for label in labels)
        for each in shot.effects[0].painted:
            shown = frame.passes["albedo"][frame.index == each.instance]
            if len(shown) > 60:
                assert np.median(shown, axis=0) == pytest.approx(
                    each.color, abs=0.1
                )  # and its gloss
    assert hidden > 0


def test_they_cast_shadows_and_leave_nothing_behind(
    make_planner: Maker, scene_renderer: Any
) -> None:
    """On the shadow catcher; and a shot in a row is what it is alone."""
    import bpy

    sun = {"world": {"color": "black"}, "lights": {"type": "sun", "elevation_deg": 40}}
    plain, crowded = (make_planner({**data, "lighting": sun}) for data in (SCENE, scene()))
    alone = scene_renderer.render(plain.shot(0))[0]
    materials = len(bpy.data.materials)
    among = scene_renderer.render(crowded.shot(0))[0]
    added = len(crowded.shot(0).effects[0].painted)
    assert len(bpy.data.materials) <= materials + added + 5  # five shapes bring one each
    bare = (alone.index == 0) & (among.index == 0)
    darker = (among.color[..., 3] - alone.color[..., 3])[bare]
    assert (darker > 0.5).mean() > 0.02
    assert np.array_equal(scene_renderer.render(plain.shot(0))[0].color, alone.color)
    assert np.array_equal(scene_renderer.render(crowded.shot(0))[0].color, among.color)
    before = len(bpy.data.materials)
    for index in range(1, 6):
        scene_renderer.set(crowded.shot(index))
    scene_renderer.render(crowded.shot(0))
    assert len(bpy.data.materials) == before


def test_validation_knows_what_they_hide(solids: Path, tmp_path: Path) -> None:
    """A dataset with them is valid; it is not where a scene is said to be without them."""
    recipe = write_recipe(tmp_path, {**scene(size=0.9), "images": 2}, solids)
    out = tmp_path / "out"
    done = orbitset("render", recipe, "-o", out)
    assert done.returncode == 0, done.stderr
    found = orbitset("dataset", "validate", out)
    assert found.returncode == 0, found.stdout
    shots = [json.loads(line) for line in (out / "shots.jsonl").read_text().splitlines()]
    for shot in shots:
        shot["objects"] = [each for each in shot["objects"] if each["category"] is not None]
    (out / "shots.jsonl").write_text("".join(json.dumps(shot) + "\n" for shot in shots))
    found = orbitset("dataset", "validate", out)
    assert found.returncode != 0
    assert "mask pixels disagree with the scene of its shot" in found.stdout + found.stderr
