"""Every mistake in a recipe: its place, its key, the rule, a suggestion; all of a file at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renderer.recipe import Recipe, RecipeError, load_recipe, recipe_schema
from tests.conftest import REPOSITORY

GOOD = """\
name: mugs
images: 4
objects:
  - asset: mug.ply
    category: mug
camera:
  orbit:
    elevation_deg: {uniform: [5, 60]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mug.ply").write_text("ply")
    (tmp_path / "photo.jpg").write_text("x")
    return tmp_path


def problems(folder: Path, text: str | bytes) -> list[str]:
    path = folder / "r.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return [str(problem).replace(str(path), "r.yaml") for problem in caught.value.problems]


def test_shortest_recipe_is_good(folder: Path) -> None:
    path = folder / "r.yaml"
    path.write_text("name: a\nimages: 1\nobjects: [{asset: mug.ply, category: mug}]\n")
    assert load_recipe(path).recipe.categories == ("mug",)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "elevation_deg:",
            "elevatoin_deg:",
            "r.yaml:8:5: camera.orbit.elevatoin_deg: unknown key (did you mean `elevation_deg`?)",
        ),
        ("images: 4", "images: 0", "r.yaml:2:9: images: 0: must be greater than or equal to 1"),
        ("images: 4", "images: four", 'r.yaml:2:9: images: "four": must be a whole number'),
        ("images: 4\n", "", "r.yaml:1:1: images: is required"),
        ("asset: mug.ply", "asset: mgu.ply", "(did you mean `mug.ply`?)"),
        ("asset: mug.ply", "asset: '*.glb'", "no model matches this pattern"),
        ("asset: mug.ply", "asset: photo.jpg", "not a model"),
        ("[5, 60]", "[60, 5]", "r.yaml:8:30: camera.orbit.elevation_deg.uniform"),
        ("[5, 60]", "[5, 100]", "must lie within [-90, 90], and it can be 100"),
        ("uniform", "unifrom", "(did you mean `uniform`?)"),
        ("[5, 60]", "[5, .inf]", "needs finite bounds"),
        ("{uniform: [5, 60]}", "yes", "camera.orbit.elevation_deg: true: must be a number"),
        ("{uniform: [5, 60]}", "{normal: [20, 5]}", "(truncate the normal with min and max)"),
        (
            "{uniform: [5, 60]}",
            "{choice: [1, 2], weights: [1]}",
            "weights has 1 entries for 2 options",
        ),
        (
            "name: mugs",
            "name: mugs\nname: cups",
            "r.yaml:2:1: the key `name` stands here a second time",
        ),
        ("name: mugs", "name: [", "not valid YAML"),
        ("images: 4", "images: 4\nbackground: {color: rde}", "not a colour"),
        (
            "images: 4",
            "images: 4\nbackground: {}",
            "a background needs color, image, world: true, floor or room",
        ),
        ("images: 4", "images: 4\nlighting: {world: {hdri: studoi}}", "(did you mean `studio`?)"),
        ("images: 4", "images: 4\nrender: {engine: cylces}", "(did you mean `cycles`?)"),
        (
            "    elevation_deg",
            "    fill: 0.5\n    distance_m: 2\n    elevation_deg",
            "an orbit has fill or distance_m, not both",
        ),
        ("  - asset: mug.ply\n    category: mug", "  []", "at least 1 item"),
    ],
)
def test_one_mistake(folder: Path, old: str, new: str, expected: str) -> None:
    found = problems(folder, GOOD.replace(old, new, 1))
    assert any(expected in problem for problem in found), found
    assert len(found) == 1


def test_all_mistakes_at_once(folder: Path) -> None:
    text = GOOD.replace("images: 4", "images: x").replace("category", "categry")
    text = text.replace("[5, 60]", "[60, 5]") + "extra: 1\n"
    lines = [problem.split(":")[1] for problem in problems(folder, text)]
    assert lines == ["2", "4", "5", "8", "9"]


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "just words", b"\xff\xfe\x00", "a: \t- b", "&a [*a]"]
)
def test_not_a_recipe_at_all(folder: Path, text: str | bytes) -> None:
    assert len(problems(folder, text)) >= 1


def test_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"nothing.yaml:1:1: cannot be read: No such file"):
        load_recipe(tmp_path / "nothing.yaml")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["uniform", "choice", "color", "weights", "x"]), inner, max_size=2
        )
    ),
    max_leaves=6,
)
keys = st.sampled_from(
    [
        "name",
        "images",
        "objects",
        "camera",
        "lighting",
        "background",
        "render",
        "arrangement",
        "accept",
    ]
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.dictionaries(keys, values, min_size=1))
def test_anything_at_all_gives_located_problems(folder: Path, data: dict[str, object]) -> None:
    """Whatever stands in the file: a recipe, or problems with a line, never another exception."""
    path = folder / "any.yaml"
    base = yaml.safe_load(GOOD)
    path.write_text(yaml.safe_dump({**base, **data}, allow_unicode=True))
    try:
        load_recipe(path)
    except RecipeError as error:
        assert error.problems
        assert all(problem.position.line >= 1 for problem in error.problems)


def test_scenes_are_good_recipes() -> None:
    paths = sorted((REPOSITORY / "scenes").glob("*.yaml"))
    assert len(paths) >= 4
    for path in paths:
        assert load_recipe(path).recipe.images > 0


def test_schema_names_every_key_of_the_model() -> None:
    schema = recipe_schema()
    assert set(schema["properties"]) == set(Recipe.model_fields)
    assert schema["required"] == ["name", "images", "objects"]
