"""How many objects one image may have: as many as Blender's pass index tells apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.recipe import Recipe, RecipeError, load_recipe


def recipe_of(folder: Path, counts: list[Any]) -> Path:
    (folder / "mug.ply").write_text("ply")
    data = {
        "name": "many",
        "images": 1,
        "objects": [{"asset": "mug.ply", "category": "mug", "count": count} for count in counts],
    }
    path = folder / "many.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def test_as_many_as_the_pass_index_counts(tmp_path: Path) -> None:
    assert load_recipe(recipe_of(tmp_path, [10_000, 10_000, 10_000, 2_767])).recipe.images == 1


@pytest.mark.parametrize(
    "last",
    [
        2_768,
        {"integers": [0, 2_768]},
        {"choice": [0, {"integers": [1, 2_768]}]},
    ],
)
def test_more_are_refused_though_they_come_seldom(tmp_path: Path, last: object) -> None:
    path = recipe_of(tmp_path, [10_000, {"integers": [1, 10_000]}, 10_000, last])
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    (problem,) = caught.value.problems
    assert problem.key == "objects"
    assert problem.position.line == 4
    assert "one image can have 32768 objects" in problem.message
    assert "no more than 32767 apart: lower count" in problem.message


def test_the_limit_is_blenders(scene_renderer: Any) -> None:
    """Read from the engine itself: a larger index is cut there without a word."""
    import bpy

    limit = bpy.types.Object.bl_rna.properties["pass_index"].hard_max
    entry = {"asset": "a.ply", "category": "a"}
    whole, rest = divmod(limit, 10_000)
    counts = [*[10_000] * whole, rest]
    objects = [{**entry, "count": count} for count in counts]
    assert Recipe.model_validate({"name": "a", "images": 1, "objects": objects})
    with pytest.raises(ValueError, match="tells no more than"):
        Recipe.model_validate({"name": "a", "images": 1, "objects": [*objects, entry]})
