"""Cameras by name: defaults of effects below what a recipe writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from renderer.recipe import Recipe, RecipeError, load_recipe, recipe_schema
from renderer.recipe.camera_preset import PRESETS, CameraPreset
from renderer.recipe.load import canonical, override
from renderer.registry import EFFECTS
from tests.conftest import orbitset, write_recipe
from tests.effects.preset_table import PAGE, table

PLAIN: dict[str, Any] = {
    "name": "t",
    "images": 4,
    "objects": [{"asset": "box.ply", "category": "box"}],
}
NAMED = [name for name in PRESETS if name != "none"]


def recipe(preset: str, **effects: Any) -> Recipe:
    data = {**PLAIN, "camera": {"preset": preset}, "effects": effects}
    return Recipe.model_validate(data)


@pytest.mark.parametrize("name", NAMED)
def test_a_preset_is_what_its_effects_are(name: str) -> None:
    written = Recipe.model_validate({**PLAIN, "effects": PRESETS[name]})
    assert recipe(name).effects == written.effects
    assert {"lens_blur", "sensor_noise", "color_response"} <= set(recipe(name).effects.on)


def test_there_is_none_where_none_is_named() -> None:
    assert set(get_args(CameraPreset)) == set(PRESETS)
    assert Recipe.model_validate(PLAIN).effects.on == {}
    assert recipe("none").effects.on == {}
    assert "preset" not in canonical(Recipe.model_validate(PLAIN))


def test_what_is_written_goes_before_key_by_key() -> None:
    made = recipe("phone", jpeg={"quality": 40}, distractors={"count": 2}, bayer=False).effects.on
    below = recipe("phone").effects.on
    assert made["jpeg"].quality == 40
    assert made["jpeg"].subsampling == below["jpeg"].subsampling
    assert made["distractors"].count == 2
    assert set(made) == {*below, "distractors"} - {"bayer"}
    assert made["sharpening"] == below["sharpening"]


def test_it_is_the_same_recipe_read_again() -> None:
    first = recipe("webcam", jpeg=False, sharpening={"amount": 1})
    again = Recipe.model_validate_json(first.model_dump_json(exclude_unset=True))
    assert again == first
    assert override(first, images=9).effects == first.effects
    assert "jpeg" not in again.effects.on
    assert json.loads(canonical(first))["effects"]["jpeg"] is False


def test_errors_have_their_place(tmp_path: Path, solids: Path) -> None:
    for camera, effects, told in (
        ({"preset": "phnoe"}, {}, 'camera.preset: "phnoe" is not one of'),
        ({"preset": "phone"}, {"jpeg": {"qality": 3}}, "effects.jpeg.qality: unknown key"),
        ({"preset": "phone"}, {"jpeg": True}, "effects.jpeg: true: must be a mapping"),
        ({"preset": "phone"}, {"jpeg": {"subsampling": 411}}, "effects.jpeg.subsampling: 411"),
        ({}, {"jpeg": {"quality": 0}}, "effects.jpeg.quality: "),
        ({"preset": ["phone"]}, {"lens_blur": 3}, "camera.preset: "),
    ):
        path = write_recipe(tmp_path, {**PLAIN, "camera": camera, "effects": effects}, solids)
        with pytest.raises(RecipeError) as caught:
            load_recipe(path)
        assert told in str(caught.value)


def test_the_schema_knows_presets_and_false() -> None:
    schema = recipe_schema()
    good = {**PLAIN, "camera": {"preset": "dslr"}, "effects": {"jpeg": False, "bayer": {}}}
    jsonschema.validate(good, schema)
    for effects in ({"jpeg": True}, {"jpeg": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**PLAIN, "effects": effects}, schema)


def test_show_prints_what_it_comes_to(tmp_path: Path, solids: Path) -> None:
    data = {**PLAIN, "camera": {"preset": "industrial"}, "effects": {"bayer": False}}
    shown = orbitset("recipe", "show", write_recipe(tmp_path, data, solids))
    assert shown.returncode == 0, shown.stderr
    states = {state["effect"]: state for state in json.loads(shown.stdout)["effects"]}
    wanted = [name for name in EFFECTS.names() if name in PRESETS["industrial"]]
    assert list(states) == [name for name in wanted if name != "bayer"]
    assert 0.012 <= states["sensor_noise"]["shot"] <= 0.024


def test_the_page_has_their_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
