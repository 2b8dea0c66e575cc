"""The labels of a recipe: on, off or with options, and what is wrong with them where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderer.recipe import Recipe, RecipeError, load_recipe, recipe_schema
from renderer.recipe.labels import Labels

BASE = "name: a\nimages: 1\nobjects:\n  - {category: a, asset: a.ply}\n"


def load(folder: Path, labels: str) -> Recipe:
    (folder / "a.ply").write_text("ply")
    (folder / "r.yaml").write_text(BASE + labels)
    return load_recipe(folder / "r.yaml").recipe


def test_each_kind_is_on_off_or_has_options(tmp_path: Path) -> None:
    assert list(load(tmp_path, "").labels.on) == ["box", "mask", "amodal", "pose"]
    on = load(tmp_path, "labels: {pose: false, mask: {segmentation: polygon}, box: true}").labels.on
    assert list(on) == ["box", "mask", "amodal"]
    assert on["mask"].segmentation == "polygon"
    assert on["amodal"].segmentation == "rle"


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            "labels: {segmentation: polygon}",
            ":5:10: labels.segmentation: is an option of each kind of mask now: write labels: "
            '{mask: {segmentation: "polygon"}, amodal: {segmentation: "polygon"}}',
        ),
        ("labels: {mask: false}", ":5:16: labels.mask: false: amodal labels need mask labels: "),
        (
            "labels: {amodal: true, mask: false}",
            ":5:18: labels.amodal: true: amodal labels need mask labels: write mask: true, or "
            "amodal: false",
        ),
        (
            "labels: {min_visibility: 0.1, amodal: false}",
            ":5:26: labels.min_visibility: 0.1: min_visibility needs amodal labels: write amodal: "
            "true, or leave it out",
        ),
        ("labels: {below: hide}", ':5:17: labels.below: "hide" is not'),
        ("labels: {box: 3}", ":5:15: labels.box: 3: must be true, false or a mapping of options"),
        ("labels: {bxo: true}", ":5:10: labels.bxo: unknown key (did you mean `box`?)"),
        (
            "labels: {mask: {segmentatoin: rle}}",
            ":5:17: labels.mask.segmentatoin: unknown key (did you mean `segmentation`?)",
        ),
        ("labels: {mask: {segmentation: rel}}", ':5:31: labels.mask.segmentation: "rel" is not'),
        ("labels:\n  box:", ":6:7: labels.box: has no value"),
    ],
)
def test_problems_are_told_where_they_stand(tmp_path: Path, labels: str, said: str) -> None:
    with pytest.raises(RecipeError) as raised:
        load(tmp_path, labels)
    (sentence,) = raised.value.sentences()
    assert said in sentence


def test_what_is_off_by_itself_is_not_written_down() -> None:
    """A recipe is the same one where more kinds are installed."""
    dumped = Labels.model_validate({"pose": False}).model_dump(mode="json")
    assert dumped["pose"] is False
    assert set(dumped) == {"box", "mask", "amodal", "pose"}
    assert Labels.model_validate(dumped) == Labels(pose=False)


def test_the_schema_has_each_kind_with_its_options() -> None:
    labels = recipe_schema()["$defs"]["Labels"]["properties"]
    assert labels["mask"]["description"] == "COCO's segmentation."
    assert {"type": "boolean"} in labels["mask"]["anyOf"]
    assert {"$ref": "#/$defs/MaskConfig"} in labels["mask"]["anyOf"]


def test_the_policy_is_no_label_kind_and_not_said_where_it_asks_nothing(tmp_path: Path) -> None:
    labels = load(tmp_path, "labels: {min_visible_px: 20, below: ignore}").labels
    assert list(labels.on) == ["box", "mask", "amodal", "pose"]
    assert (labels.policy.min_visible_px, labels.policy.below) == (20, "ignore")
    assert labels.model_dump() == {**Labels().model_dump(), "min_visible_px": 20, "below": "ignore"}
    assert not Labels().policy.asks
    assert not Labels(min_visible_px=20, below="keep").policy.asks
    assert Labels(min_visible_px=20).policy.below == "drop"
    assert "min_visible_px" not in Labels().model_dump()


@pytest.mark.parametrize(("pixels", "visibility", "fate"), [(19, 1, "drop"), (20, 0.1, "keep")])
def test_an_object_below_either_threshold_is_dropped(
    pixels: int, visibility: float, fate: str
) -> None:
    policy = Labels(min_visible_px=20, min_visibility=0.1).policy
    assert policy.fate(pixels, visibility) == fate
    assert policy.fate(20, 0.0999) == "drop"
