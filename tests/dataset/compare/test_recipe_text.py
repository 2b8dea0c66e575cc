"""Fitted values go into a recipe's text, and nothing else of it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from renderer.dataset.compare.recipe_text import fitted_recipe, with_values
from renderer.errors import UserError
from renderer.recipe.load import LoadedRecipe
from renderer.recipe.model import Recipe

TEXT = """\
# A recipe of ours.
name: ours   # its name
images: 10

objects:
  - asset: box.ply   # a box
    category: box
  - {asset: ball.ply, category: ball, count: 2}

camera:
  orbit:
    fill:            # how near
      uniform: [0.4, 0.7]
    # where
    framing: [{uniform: [-0.5, 0.5]}, 0]

render: {samples: 8}  # few
"""


def read(text: str) -> Any:
    return yaml.safe_load(text)


def comments(text: str) -> list[str]:
    return [line.split("#")[1] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (("camera", "orbit", "fill"), {"loguniform": [0.2, 0.4]}, "{loguniform: [0.2, 0.4]}"),
        (("camera", "orbit", "framing", 1), 0.25, "framing: [{uniform: [-0.5, 0.5]}, 0.25]"),
        (("objects", 1, "count"), {"integers": [1, 3]}, "count: {integers: [1, 3]}}"),
        (("objects", 0, "count"), 3, "    count: 3"),
        (("arrangement", "gap"), 0.3, "arrangement: {gap: 0.3}"),
        (
            ("effects", "exposure", "stops"),
            {"uniform": [-1.0, 0.5]},
            "{stops: {uniform: [-1, 0.5]}}",
        ),
        (("render", "denoise"), 1, "render: {denoise: 1, samples: 8}"),
    ],
)
def test_one_value_is_put_in_place(path: tuple[str | int, ...], value: Any, line: str) -> None:
    changed, kept = with_values(TEXT, [(path, value)])
    assert kept
    assert line in changed
    assert comments(changed) == comments(TEXT)
    inner, before = read(changed), read(TEXT)
    for step in path:
        inner = inner[step]
    assert inner == value
    changed_lines = [line for line in changed.splitlines() if line not in TEXT.splitlines()]
    assert len(changed_lines) == 1
    assert list(read(changed))[: len(before)] == list(before)


def test_several_values_of_one_missing_key() -> None:
    changes: list[Any] = [(("output", "quality"), 80), (("output", "format"), "jpeg")]
    changed, kept = with_values(TEXT, changes)
    assert kept
    assert read(changed)["output"] == {"quality": 80, "format": "jpeg"}


def test_a_value_behind_an_alias_is_not_changed_for_others() -> None:
    text = "a: &x {fill: 1}\ncamera: {orbit: *x}\n"
    changed, kept = with_values(text, [(("camera", "orbit", "fill"), 2)])
    assert not kept
    assert read(changed) == {"a": {"fill": 1}, "camera": {"orbit": {"fill": 2}}}


def test_json_is_yaml() -> None:
    changed, kept = with_values('{"name": "a", "camera": {}}', [(("camera", "orbit"), {"fill": 1})])
    assert kept
    assert read(changed) == {"name": "a", "camera": {"orbit": {"fill": 1}}}


def test_a_recipe_that_would_be_none_is_not_written(tmp_path: Path) -> None:
    for name in ("box.ply", "ball.ply"):
        (tmp_path / name).write_bytes(b"")
    recipe = Recipe.model_validate(read(TEXT))
    loaded = LoadedRecipe(recipe, tmp_path / "recipe.yaml", TEXT)
    target = tmp_path / "fit.yaml"
    with pytest.raises(UserError, match=r"camera\.orbit\.fill"):
        fitted_recipe(loaded, [(("camera", "orbit", "fill"), 3.0)], target)
    assert not target.exists()
    assert fitted_recipe(loaded, [(("camera", "orbit", "fill"), 0.3)], target) == []
    assert target.read_text().splitlines()[1:2] == ["# A recipe of ours."]
    elsewhere = tmp_path / "other" / "fit.yaml"
    assert (
        "relative to" in fitted_recipe(loaded, [(("camera", "orbit", "fill"), 0.3)], elsewhere)[0]
    )
