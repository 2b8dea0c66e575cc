"""Distractors of any model, look-alikes of the objects, cover, and a label of their own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from renderer.asset import AssetSource, Deform
from renderer.farm.asset_import import import_models
from renderer.plan import Planner
from renderer.recipe import Recipe
from renderer.shot.ground import floor_depth
from renderer.truth.view import ViewTruth
from tests.conftest import orbitset, write_recipe
from tests.effects.test_distractors import SCENE
from tests.truth.labelled import labels_of

Maker = Callable[..., Planner]


def scene(**effect: Any) -> dict[str, Any]:
    return {**SCENE, "effects": {"distractors": {"count": 9, **effect}}}


def test_a_deformed_model_is_so_in_all_that_is_known_of_it(cache: Any, solids: Path) -> None:
    """A box of 0.6 x 0.4 x 0.8: its sides times the factors; bent, its middle fibre keeps its
    length, and its ends stand at the angle.
    """
    stretched = AssetSource(solids / "box.ply", deform=Deform((1.3, 0.75, 0.9)))
    bent = AssetSource(solids / "box.ply", deform=Deform((1.0, 1.0, 1.5), bend_deg=60.0))
    plain = AssetSource(solids / "box.ply")
    known, errors = import_models([plain, stretched, bent], cache)
    assert not errors
    assert len({facts.key for facts in known.values()}) == 3
    first = cache.geometry(known[stretched].key)
    for points in (first.vertices, first.hull):
        assert np.ptp(points, axis=0) == pytest.approx([0.78, 0.3, 0.72], rel=1e-5)
    corners = cache.geometry(known[bent].key).vertices.astype(float)
    # 1.2 long along z, 60 degrees: an arc of radius 1.2 / (pi / 3); across is y, its thinnest side.
    radius = 1.2 / math.radians(60)
    ends = [corners[corners[:, 2] > 0.4], corners[corners[:, 2] < 0.4]]
    for end, sign in zip(ends, (1, -1), strict=True):
        middle = end.mean(0)
        assert middle[2] - 0.4 == pytest.approx(
            sign * radius * math.sin(math.radians(30)), abs=1e-5
        )
        assert middle[1] == pytest.approx(radius * (1 - math.cos(math.radians(30))), abs=1e-5)
        across = end - middle
        normal = np.linalg.svd(across)[2][2]
        assert abs(normal[2]) == pytest.approx(math.cos(math.radians(30)), abs=1e-5)


def test_look_alikes_are_the_objects_deformed_and_never_labelled(make_planner: Maker) -> None:
    planner = make_planner(scene(shapes=False, lookalikes=True, size_of_objects=True))
    files = set()
    for index in range(6):
        shot = planner.shot(index)
        own = {entry.asset for entry in shot.objects[:3]}
        sides = [entry.scale * planner.cache.facts(entry.asset).longest_m for entry in shot.objects]
        assert len(shot.objects) == 12
        for entry, side in zip(shot.objects[3:], sides[3:], strict=True):
            assert entry.category is None
            assert entry.asset not in own
            assert 0.79 * min(sides[:3]) <= side <= 1.26 * max(sides[:3])
            files.add(entry.file)
        labels = labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache))
        assert {label.entry.instance for label in labels} <= {1, 2, 3}
        (state,) = shot.effects
        changed = [each.instance for each in (*state.painted, *state.turned)]
        assert sorted(changed) == list(range(4, 13))
    assert len(files) == 4  # two models, two ways to deform each


def test_models_of_a_folder_keep_their_colours(make_planner: Maker) -> None:
    planner = make_planner(scene(models="*ball.ply", count=30))
    kinds = {"shape": 0, "model": 0}
    for index in range(4):
        shot = planner.shot(index)
        painted = {each.instance for each in shot.effects[0].painted}
        for entry in shot.objects[3:]:
            theirs = "distractors.model." in entry.file
            assert theirs == (entry.instance not in painted)
            kinds["model" if theirs else "shape"] += 1
    assert min(kinds.values()) > 40


@pytest.mark.parametrize("wanted", [0.3, 0.7])
def test_cover_hides_the_floor_and_no_object(make_planner: Maker, wanted: float) -> None:
    """Of the floor's pixels within 12 radii that the bare scene shows, by their rays."""
    bare, covered = make_planner(SCENE), make_planner(scene(count=0, cover=wanted))
    for index in range(4):
        before, after = bare.shot(index), covered.shot(index)
        camera = before.views[0].camera
        assert after.views == before.views
        one, other = (ViewTruth.of(shot, camera, bare.cache) for shot in (before, after))
        x, y = np.meshgrid(np.arange(96) + 0.5, np.arange(72) + 0.5)
        rays = camera.rays(x.ravel(), y.ravel())
        depth = floor_depth(before, camera, rays).astype(float)
        points = (rays * depth[:, None] - camera.pose[:3, 3]) @ camera.pose[:3, :3]
        away = np.linalg.norm(points[:, :2] - np.array(before.center[:2]), axis=1)
        floor = (away < 12 * before.radius_m).reshape(72, 96) & (one.index == 0)
        share = (other.index[floor] != 0).mean()
        assert wanted - 0.08 <= share <= wanted + 0.15
        visible = [
            {label.entry.instance: label.area for label in labels_of(t)} for t in (one, other)
        ]
        for instance, area in visible[0].items():
            assert visible[1][instance] >= 0.9 * area


def test_a_label_of_their_own(make_planner: Maker) -> None:
    """They are the last category; poses are not refused for what is seen of them."""
    data = scene(label="distractor", count=20, distance={"uniform": [0, 6]})
    data["accept"] = {"min_visibility": 0.3, "max_truncation": 0.1}
    planner = make_planner(data)
    assert planner.recipe.categories == ("box", "ball", "distractor")
    hidden = 0
    for index in range(4):
        shot = planner.shot(index)
        camera = shot.views[0].camera
        truth = ViewTruth.of(shot, camera, planner.cache, categories=planner.recipe.categories)
        labels = labels_of(truth)
        theirs = [label for label in labels if label.entry.category == "distractor"]
        assert theirs
        hidden += 20 - len(theirs) + sum(label.truncation > 0.1 for label in theirs)
        for label in labels:
            assert (label.entry.category == "distractor") == (label.entry.instance > 3)
            assert truth.category_id(label.entry) == 3 or label.entry.instance <= 3
    assert hidden


def test_they_are_not_called_as_an_object_is() -> None:
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate(scene(label="ball"))
    (error,) = refused.value.errors()
    assert error["loc"] == ("effects", "distractors")
    assert "adds objects of the category 'ball', which one of `objects` has" in error["msg"]


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        ({"shapes": False}, "distractors without shapes need models or lookalikes"),
        ({"size_of_objects": True, "size_m": 1}, "have neither size nor size_m"),
    ],
)
def test_what_does_not_go_together(effect: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Recipe.model_validate(scene(**effect))


def test_a_recipe_without_them_is_what_it_was() -> None:
    said = Recipe.model_validate(scene()).model_dump(mode="json")
    assert set(said["effects"]["distractors"]) == {"count", "size", "size_m", "distance", "color"}


def test_a_dataset_has_their_category_and_is_valid(solids: Path, tmp_path: Path) -> None:
    effect = {"label": "distractor", "lookalikes": True, "size_of_objects": True}
    data = {**scene(**effect), "images": 2, "output": {"exports": [{"format": "yolo"}]}}
    out = tmp_path / "out"
    done = orbitset("render", write_recipe(tmp_path, data, solids), "-o", out)
    assert done.returncode == 0, done.stderr
    found = orbitset("dataset", "validate", out)
    assert found.returncode == 0, found.stdout
    told = json.loads((out / "annotations" / "instances.json").read_text())
    assert [each["name"] for each in told["categories"]] == ["box", "ball", "distractor"]
    assert 3 in {each["category_id"] for each in told["annotations"]}
    assert any("distractor" in path.read_text() for path in (out / "exports").rglob("data.yaml"))
