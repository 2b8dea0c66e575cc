"""``scenarios`` and ``goals`` in recipe files: whole recipes, and errors with their places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from renderer.recipe import Recipe, RecipeError, load_recipe
from renderer.recipe.goals import Goals
from renderer.recipe.scenarios import Scenario, files_of, joined, planned_counts
from tests.conftest import REPOSITORY

GOOD = """\
name: mugs
images: 400
objects:
  - asset: mug.ply
    category: mug
background: {floor: wood}
lighting:
  world: {hdri: studio, strength: {uniform: [0.5, 1]}}
scenarios:
  night:
    share: 0.05
    override:
      lighting: {world: {strength: 0.02}, lights: []}
      background: {floor: {roughness: 0.2}}
  steep:
    share: 0.1
    override:
      camera: {orbit: {elevation_deg: [70, 90]}}
"""
GOOD = GOOD.replace("[70, 90]", "{uniform: [70, 90]}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("mug.ply", "cup.ply", "photo.jpg"):
        (tmp_path / name).write_text("x")
    return tmp_path


def loaded(folder: Path, text: str) -> Recipe:
    (folder / "r.yaml").write_text(text)
    return load_recipe(folder / "r.yaml").recipe


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        loaded(folder, text)
    return [str(each).replace(f"{folder}/", "") for each in caught.value.problems]


def test_a_scenario_is_a_whole_recipe(folder: Path) -> None:
    recipe = loaded(folder, GOOD)
    night, steep = recipe.by_scenario["night"], recipe.by_scenario["steep"]
    assert night.lighting.world.hdri == "studio"  # type: ignore[union-attr]
    assert night.lighting.world.strength == 0.02  # type: ignore[union-attr]
    assert night.lighting.lights == ()
    assert night.background.floor.material == "wood"  # type: ignore[union-attr]
    assert night.background.floor.roughness == 0.2  # type: ignore[union-attr]
    assert night.camera == recipe.camera
    assert steep.lighting == recipe.lighting
    assert night.scenarios == {}
    assert planned_counts(recipe) == {"night": 20, "steep": 40, None: 340}


def test_a_recipe_goes_through_json_and_pickle(folder: Path) -> None:
    import pickle

    recipe = loaded(folder, GOOD)
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_a_recipe_without_them_is_dumped_as_ever(folder: Path) -> None:
    plain = loaded(folder, GOOD[: GOOD.index("scenarios")])
    assert not {"scenarios", "goals"} & set(plain.model_dump(mode="json"))


def test_mappings_are_joined_and_distributions_replaced() -> None:
    below = {"a": {"uniform": [0, 1]}, "b": {"c": 1, "d": [1, 2]}, "e": 5}
    above = {"a": {"normal": [0, 1]}, "b": {"d": [3]}, "e": None, "f": {"g": None, "h": 1}}
    assert joined(below, above) == {
        "a": {"normal": [0, 1]},
        "b": {"c": 1, "d": [3]},
        "f": {"h": 1},
    }


def test_files_and_categories_of_scenarios_are_known(folder: Path) -> None:
    text = GOOD.replace(
        "background: {floor: {roughness: 0.2}}",
        "background: {floor: null, image: photo.jpg}\n"
        "      objects: [{asset: cup.ply, category: cup}]",
    )
    recipe = loaded(folder, text)
    assert recipe.categories == ("mug", "cup")
    at = ("scenarios", "night", "override")
    assert {(each.key, each.pattern) for each in files_of(recipe)} == {
        (("objects", 0, "asset"), "mug.ply"),
        ((*at, "objects", 0, "asset"), "cup.ply"),
        ((*at, "background", "image"), "photo.jpg"),
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "strength: 0.02",
            "strengt: 0.02",
            "r.yaml:13:26: scenarios.night.override.lighting.world.strengt: unknown key "
            "(did you mean `strength`?)",
        ),
        (
            "strength: 0.02",
            "strength: -1",
            "r.yaml:13:36: scenarios.night.override.lighting.world.strength",
        ),
        (
            "strength: 0.02",
            "color: black",
            "r.yaml:13:25: scenarios.night.override.lighting.world: ",
        ),
        ("strength: 0.02", "hdri: studoi", "(did you mean `studio`?)"),
        (
            "lights: []}",
            "lights: []}\n      objects: [{asset: mgu.ply, category: x}]",
            "r.yaml:14:25: scenarios.night.override.objects[0].asset",
        ),
        ("lights: []}", "lights: []}\n      images: 5", "r.yaml:14:15: scenarios.night.override."),
        ("lights: []}", "lights: []}\n      labels: {mask: false}", "have the same labels"),
        ("camera: {", "camera: {resolution: [64, 64], ", "have one size"),
        ("camera: {", "camera: {rig: null, ", "the same views"),
        ("lights: []}", "lights: []}\n      output: {format: jpeg}", "are written alike"),
        ("lights: []}", "lights: []}\n      scenarios: {}", "none of its own"),
        ("share: 0.05", "share: 0.95", "r.yaml:10:3: scenarios: "),
        ("share: 0.05", "share: 0.00005", "r.yaml:11:12: scenarios.night.share: "),
        ("share: 0.05", "share: 0", "scenarios.night.share"),
        ("name: mugs", "name: mugs\ngoals: {visibility: {0.4-0.1: 0.5}}", "is no band"),
        (
            "name: mugs",
            "name: mugs\ngoals: {visibility: {0-0.05: 0.5}}",
            "r.yaml:2:30: goals.visibility.0-0.05: ",
        ),
        (
            "name: mugs",
            "name: mugs\ngoals: {object_px: {8-20: 0.5, 16-40: 0.2}}",
            "8-20 and 16-40 overlap",
        ),
        ("name: mugs", "name: mugs\ngoals: {object_px: {8-20: 0.5, 20-40: 0.6}}", "sum to 1.1"),
        ("name: mugs", "name: mugs\ngoals: {views: {of: pot}}", "goals.views.of"),
        (
            "camera: {",
            "goals: {visibility: {0-0.05: 0.5}}\n      camera: {",
            "r.yaml:18:36: scenarios.steep.override.goals.visibility.0-0.05: ",
        ),
    ],
)
def test_one_mistake(folder: Path, old: str, new: str, expected: str) -> None:
    found = problems(folder, GOOD.replace(old, new, 1))
    assert len(found) == 1, found
    assert expected in found[0]


def test_the_examples_of_the_page_are_good(folder: Path) -> None:
    page = (REPOSITORY / "docs" / "rare-cases.md").read_text()
    scenarios, goals = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    recipe = loaded(folder, GOOD[: GOOD.index("scenarios")] + scenarios + goals)
    assert [*recipe.by_scenario] == ["night", "crowded", "steep"]
    assert recipe.by_scenario["night"].lighting.world.hdri is None  # type: ignore[union-attr]
    assert recipe.by_scenario["crowded"].goals.visibility == {"0.1-0.4": 1}
    for key in (*Goals.model_fields, *Scenario.model_fields):
        assert f"`{key}`" in page
