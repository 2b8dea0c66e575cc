"""Objects that show too little: dropped or ignored by one rule, told, and validated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.dataset.report import read_statistics
from renderer.dataset.validate import validate
from tests.dataset.edits import edit, edit_labels
from tests.dataset.without_blender import dataset_of

LEAST = 900
Make = Callable[..., tuple[Layout, AssetCache]]


@pytest.fixture
def make(plain_planner: Any, tmp_path: Path) -> Make:
    def build(name: str = "made", **labels: Any) -> tuple[Layout, AssetCache]:
        return dataset_of(plain_planner, tmp_path / name, labels=labels)

    return build


def read(layout: Layout) -> tuple[list[Any], list[Any]]:
    data = json.loads(layout.instances.read_text())
    return data["images"], data["annotations"]


def small(annotations: list[Any], least: int = LEAST) -> set[tuple[int, int]]:
    """Image and instance of what is below by its mask, as pycocotools counts it."""
    return {
        (each["image_id"], each["instance"])
        for each in annotations
        if int(coco_mask.area(each["segmentation"])) < least
    }


def keys(annotations: list[Any]) -> set[tuple[int, int]]:
    return {(each["image_id"], each["instance"]) for each in annotations}


def test_what_is_below_is_dropped_and_counted(make: Make) -> None:
    all_of_them = read(make("all")[0])[1]
    below = small(all_of_them)
    assert 0 < len(below) < len(all_of_them)
    layout, cache = make("dropped", min_visible_px=LEAST)
    images, annotations = read(layout)
    assert keys(annotations) == keys(all_of_them) - below
    said = {image["id"]: sum(image["dropped"].values()) for image in images}
    assert said == {image["id"]: sum(of == image["id"] for of, _ in below) for image in images}
    names = {
        each["id"]: each["name"] for each in json.loads(layout.instances.read_text())["categories"]
    }
    lost = [each for each in all_of_them if (each["image_id"], each["instance"]) in below]
    boxes = sum(names[each["category_id"]] == "box" for each in lost)
    manifest = json.loads(layout.manifest.read_text())
    assert any(
        each.startswith(f"{boxes} of category box have no annotation")
        for each in manifest["warnings"]
    )
    statistics = read_statistics(layout)
    assert statistics.dropped.total() == len(below)
    assert statistics.dropped["box"] == boxes
    assert "objects dropped" in layout.report.read_text()
    for models in (cache, None):
        assert validate(layout, models).findings == []


def test_what_is_below_is_ignored_as_run_lengths(make: Make) -> None:
    all_of_them = read(make("all")[0])[1]
    below = small(all_of_them)
    layout, cache = make(
        "ignored", min_visible_px=LEAST, below="ignore", mask={"segmentation": "polygon"}
    )
    images, annotations = read(layout)
    assert keys(annotations) == keys(all_of_them)
    assert {(e["image_id"], e["instance"]) for e in annotations if e["iscrowd"]} == below
    for each in annotations:
        assert isinstance(each["segmentation"], dict) == bool(each["iscrowd"])
    assert not any(image["dropped"] for image in images)
    assert read_statistics(layout).ignored.total() == len(below)
    for models in (cache, None):
        assert validate(layout, models).findings == []


def test_visibility_counts_too(make: Make) -> None:
    all_of_them = read(make("all")[0])[1]
    below = {(e["image_id"], e["instance"]) for e in all_of_them if e["visibility"] < 0.7}
    assert 0 < len(below) < len(all_of_them)
    layout, cache = make("dropped", min_visibility=0.7)
    assert keys(read(layout)[1]) == keys(all_of_them) - below
    assert validate(layout, cache).findings == []


def test_keep_keeps_all(make: Make) -> None:
    layout, cache = make("kept", min_visible_px=LEAST, below="keep")
    assert keys(read(layout)[1]) == keys(read(make("all")[0])[1])
    assert validate(layout, cache).findings == []


def without(number: int) -> Callable[[Any], None]:
    """Take an annotation away, and have its image say that it has been dropped."""

    def change(data: Any) -> None:
        names = {each["id"]: each["name"] for each in data["categories"]}
        lost = data["annotations"].pop(number)
        for at, each in enumerate(data["annotations"], start=1):
            each["id"] = at
        image = next(each for each in data["images"] if each["id"] == lost["image_id"])
        name = names[lost["category_id"]]
        image["dropped"][name] = image["dropped"].get(name, 0) + 1

    return change


def largest(layout: Layout) -> int:
    return int(np.argmax([each["area"] for each in read(layout)[1]]))


def test_an_annotation_that_should_have_been_dropped_is_found(make: Make) -> None:
    layout, cache = make(below="keep", min_visible_px=LEAST)
    edit(layout.manifest, lambda m: m["recipe"]["labels"].update(below="drop"))
    for models in (cache, None):
        found = validate(layout, models).findings
        assert len(found) == len(small(read(layout)[1]))
        assert all("it should have been dropped: it shows" in each for each in found)
    edit(layout.manifest, lambda m: m["recipe"]["labels"].update(below="ignore"))
    found = validate(layout, cache).findings
    assert {each.rpartition(": ")[2] for each in found} == {"iscrowd is 0, and should be 1"}


def test_an_annotation_that_should_not_have_been_dropped_is_found(make: Make) -> None:
    layout, cache = make(min_visible_px=LEAST)
    at = largest(layout)
    gone = read(layout)[1][at]
    edit_labels(layout.root, without(at))
    edit(layout.manifest, lambda m: m.update(annotations=m["annotations"] - 1))
    (finding,) = validate(layout, cache).findings
    assert f"object {gone['instance']} (" in finding
    assert f"should not have been: it shows {gone['area']} pixels" in finding
    # An image that does not say that it has dropped one has lost it.
    edit_labels(layout.root, lambda d: [each.update(dropped={}) for each in d["images"]])
    assert any("has no annotation" in each for each in validate(layout, None).findings)


def test_images_that_count_wrongly_are_found(make: Make) -> None:
    layout, _ = make(min_visible_px=LEAST)
    edit_labels(layout.root, lambda d: d["images"][0]["dropped"].update(box=7))
    (finding,) = validate(layout, None).findings
    assert "dropped has 7 of box, and " in finding
    edit(layout.manifest, lambda m: m["recipe"]["labels"].update(below="keep"))
    assert "and its recipe drops none" in validate(layout, None).findings[0]
    edit(layout.manifest, lambda m: m["recipe"]["labels"].update(below="hide"))
    assert validate(layout, None).findings == [
        "manifest.json is damaged: recipe.labels.below is none"
    ]
