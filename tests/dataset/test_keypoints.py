"""Keypoints from a recipe to a dataset, through the API: records, COCO's tools, validation, resume."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from renderer import api
from renderer.dataset.layout import Layout
from renderer.errors import UserError
from renderer.export.format import DatasetHead
from renderer.export.write import head_of
from renderer.recipe import LoadedRecipe
from tests.conftest import orbitset, write_recipe

POINTS = """\
points:
  left: [-0.3, 0, 0.8]
  right: [0.3, 0, 0.8]
  core: {at: [0, 0, 0.4], inside_m: 0.3}
skeleton: [[left, core], [core, right]]
flips: [[left, right]]
"""
RECIPE: dict[str, Any] = {
    "name": "points",
    "images": 2,
    "objects": [
        {"asset": "box.ply", "category": "box"},
        {"asset": "ball.ply", "category": "ball", "scale": 0.3},
    ],
    "camera": {"resolution": [96, 72]},
    "render": {"samples": 1, "denoise": False},
    "labels": {"keypoints": True},
}


def recipe_in(folder: Path, solids: Path, data: dict[str, Any], points: str = POINTS) -> Path:
    path = write_recipe(folder, data, solids)
    (folder / "box.keypoints.yaml").write_text(points)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> tuple[LoadedRecipe, Path]:
    """The recipe, and its dataset of two small images; do not write into it."""
    folder = tmp_path_factory.mktemp("points")
    recipe = api.load(recipe_in(folder, solids, RECIPE))
    assert not api.render(recipe, folder / "out").failed
    return recipe, folder / "out"


@pytest.fixture
def copy(made: tuple[LoadedRecipe, Path], tmp_path: Path) -> Path:
    shutil.copytree(made[1], tmp_path / "copy")
    return tmp_path / "copy"


def instances(dataset: Path) -> dict[str, Any]:
    return json.loads((dataset / "annotations" / "instances.json").read_text())


def test_categories_say_what_their_points_are(made: tuple[LoadedRecipe, Path]) -> None:
    box, ball = instances(made[1])["categories"]
    assert box == {
        "id": 1,
        "name": "box",
        "supercategory": "",
        "keypoints": ["left", "right", "core"],
        "skeleton": [[1, 3], [3, 2]],
        "flip_idx": [1, 0, 2],
    }
    assert ball == {"id": 2, "name": "ball", "supercategory": ""}
    for record in instances(made[1])["annotations"]:
        count = 3 if record["category_id"] == 1 else 0
        assert len(record["keypoints"]) == 3 * count
        assert len(record["keypoints_cam"]) == count


def test_a_format_is_told_of_them(made: tuple[LoadedRecipe, Path]) -> None:
    head: DatasetHead = head_of(Layout(made[1]))
    (number,) = head.keypoints
    assert number == 1
    assert head.keypoints[1].names == ("left", "right", "core")
    assert head.keypoints[1].skeleton == ((0, 2), (2, 1))
    assert head.keypoints[1].flips == (1, 0, 2)


def test_evaluated_by_coco_against_itself_is_perfect(made: tuple[LoadedRecipe, Path]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(made[1] / "annotations" / "instances.json"))
        found = [{**each, "score": 1.0} for each in truth.loadAnns(truth.getAnnIds(catIds=[1]))]
        evaluation = COCOeval(truth, truth.loadRes(found), "keypoints")
        evaluation.params.catIds = [1]
        evaluation.params.kpt_oks_sigmas = np.full(3, 0.05)
        evaluation.params.areaRng = [[0, 1e10]] * 3
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    assert evaluation.stats[0] == 1.0


def test_validation_makes_them_anew(made: tuple[LoadedRecipe, Path], copy: Path) -> None:
    assert api.validate(made[1]).findings == []
    data = instances(copy)
    record = next(each for each in data["annotations"] if each["category_id"] == 1)
    record["keypoints"][0] += 0.5
    data["categories"][0]["skeleton"] = [[1, 2]]
    (copy / "annotations" / "instances.json").write_text(json.dumps(data))
    said = "\n".join(api.validate(copy).findings)
    assert "category 1 has other keypoints in instances.json than in manifest.json" in said
    assert f"annotation {record['id']}: keypoints is" in said


def test_a_damaged_category_is_told(copy: Path) -> None:
    data = instances(copy)
    data["categories"][0]["skeleton"] = [[1, 4]]
    (copy / "annotations" / "instances.json").write_text(json.dumps(data))
    (said,) = api.validate(copy).findings
    assert "category number 1" in said
    assert "has a wrong skeleton: it should join its keypoints" in said


def test_another_keypoint_file_is_another_run(
    made: tuple[LoadedRecipe, Path], solids: Path, tmp_path: Path
) -> None:
    """The files of a run are those that it was begun with; what is rendered stays right by them."""
    recipe = api.load(recipe_in(tmp_path, solids, RECIPE))
    out = tmp_path / "out"
    shutil.copytree(made[1], out)
    assert api.render(recipe, out).images == 2
    (tmp_path / "box.keypoints.yaml").write_text(POINTS.replace("0.8]", "0.7]"))
    with pytest.raises(UserError, match=r"begun with other asset files \(box.ply\)"):
        api.render(recipe, out)
    assert api.validate(out).findings == []


def test_they_are_shown(made: tuple[LoadedRecipe, Path], tmp_path: Path) -> None:
    sheets = []
    for kinds in ("keypoints", "pose"):
        sheet = tmp_path / f"{kinds}.png"
        done = orbitset("dataset", "show", made[1], "--labels", kinds, "-o", sheet)
        assert done.returncode == 0, done.stderr
        sheets.append(np.array(Image.open(sheet)))
    assert (sheets[0] != sheets[1]).any()


def check(path: Path) -> list[dict[str, Any]]:
    return json.loads(orbitset("recipe", "check", path, "--json", "--shots", 0).stdout)["errors"]


def test_models_of_a_category_have_the_same_points(solids: Path, tmp_path: Path) -> None:
    objects = [
        {"asset": "box.ply", "category": "thing"},
        {"asset": "ball.ply", "category": "thing"},
    ]
    path = recipe_in(tmp_path, solids, {**RECIPE, "objects": objects})
    (error,) = check(path)
    assert error["key"] == "objects[1].asset"
    lead = "models of the category thing must all have the same keypoints: "
    assert error["message"] == f"{lead}ball.ply has none, box.ply has"
    with pytest.raises(UserError, match=r"ball\.ply has none, box\.ply has"):
        api.render(api.load(path), tmp_path / "out")
    for text, said in (
        ("points: {a: [0, 0, 0.3]}", "ball.ply has a, box.ply left, right, core"),
        (POINTS.replace("flips: [[left, right]]", ""), "ball.ply has another flips than box.ply"),
        (POINTS.replace("[left, core]", "[left, right]"), "ball.ply has another skeleton than"),
    ):
        (tmp_path / "ball.keypoints.yaml").write_text(text)
        (error,) = check(path)
        assert said in error["message"]
    (tmp_path / "ball.keypoints.yaml").write_text(POINTS.replace("0.8]", "0.9]"))
    assert check(path) == []


def test_labels_of_points_need_points(solids: Path, tmp_path: Path) -> None:
    path = write_recipe(tmp_path, RECIPE, solids)
    (error,) = check(path)
    assert error["key"] == "labels.keypoints"
    assert "no model has keypoints" in error["message"]
    write_recipe(tmp_path, {**RECIPE, "labels": {}}, solids)
    assert check(path) == []


def test_a_mistake_in_the_file_has_its_place(solids: Path, tmp_path: Path) -> None:
    path = recipe_in(tmp_path, solids, RECIPE, POINTS.replace("[left, core]", "[left, cor]"))
    (error,) = check(path)
    assert error["key"] == "objects[0].asset"
    assert "box.keypoints.yaml:5:19: skeleton[0][1]: there is no point 'cor'" in error["message"]
