"""Instance, semantic and panoptic maps against the masks as others read them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from panopticapi.utils import rgb2id
from PIL import Image
from pycocotools import mask as coco_mask

from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.truth.canvas import Canvas
from renderer.truth.raster import encode_flat_png
from renderer.truth.view import ViewTruth
from tests.benchmarks.labels import ball_cache, grid_of_balls
from tests.truth.solids import SIZE, Make
from tests.truth.stored import Made, problems, stored_of

MAPS = ("instances", "semantic", "panoptic")
ON: dict[str, Any] = dict.fromkeys(MAPS, True)


def read(content: bytes) -> np.ndarray:
    """A map as any reader of pictures has it."""
    return np.asarray(Image.open(io.BytesIO(content)))


def numbers(made: Made, name: str) -> np.ndarray:
    found = read(made[1][name])
    return np.asarray(rgb2id(found) if name == "panoptic" else found, np.int64)


def value(record: dict[str, Any], name: str) -> int:
    return record["category_id" if name == "semantic" else "instance"]


@pytest.fixture
def crowd(make: Make) -> ViewTruth:
    """Five solids of two categories on a floor, one of them without a label."""
    truth = make(
        {"asset": "box.ply", "category": "box", "count": 3},
        {"asset": "dome.ply", "category": "dome", "count": 2, "scale": 0.4},
        background={"floor": "plain"},
        accept={"min_visibility": 0.0},
    )
    objects = list(truth.shot.objects)
    objects[-1] = objects[-1].model_copy(update={"category": None})
    shot = truth.shot.model_copy(update={"objects": tuple(objects)})
    return ViewTruth.of(shot, truth.camera, truth.casting.cache, categories=truth.categories)


@pytest.mark.parametrize("name", MAPS)
def test_each_pixel_of_a_mask_has_the_number_of_its_annotation(crowd: ViewTruth, name: str) -> None:
    made = stored_of(crowd, **ON)
    found, rest = numbers(made, name), np.ones(SIZE[::-1], bool)
    assert len(made[0].annotations) == 4
    for record in made[0].annotations:
        mask = coco_mask.decode(record["segmentation"]).astype(bool)
        assert mask.any()
        assert (found[mask] == value(record, name)).all()
        rest &= ~mask
    assert (found[rest] == 0).all()
    assert (crowd.index[rest] == 5).any()  # what has no label is background
    assert problems(made, crowd, name) == problems(made, None, name) == []


@pytest.mark.parametrize("name", MAPS)
def test_dropped_objects_are_void_and_ignored_ones_are_there(crowd: ViewTruth, name: str) -> None:
    areas = sorted(crowd.visible(entry).area for entry in crowd.labelled)
    made = stored_of(crowd, **ON, min_visible_px=areas[1])
    (lost,) = [entry for entry in crowd.labelled if crowd.visible(entry).area == areas[0]]
    assert {record["instance"] for record in made[0].annotations} == {
        entry.instance for entry in crowd.labelled if entry is not lost
    }
    void = {"instances": 0, "semantic": 255, "panoptic": 0}[name]
    found = numbers(made, name)
    assert (found[crowd.index == lost.instance] == void).all()
    if name == "semantic":
        assert (found == 255).sum() == areas[0]
    assert problems(made, crowd, name) == problems(made, None, name) == []
    ignored = stored_of(crowd, **ON, min_visible_px=areas[1], below="ignore")
    assert (numbers(ignored, name) == numbers(stored_of(crowd, **ON), name)).all()
    assert problems(ignored, crowd, name) == []


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("masks", [True, False], ids=["masks", "no masks"])
@pytest.mark.parametrize("models", [True, False], ids=["models", "no models"])
def test_planted_faults_are_found(crowd: ViewTruth, name: str, masks: bool, models: bool) -> None:
    labels = {**ON, "mask": masks, "amodal": masks}
    made, truth = stored_of(crowd, **labels), crowd if models else None
    assert problems(made, truth, name) == []
    if not masks and not models:
        return  # nothing tells
    inside = tuple(np.argwhere(crowd.index == 2).mean(axis=0).round().astype(int))
    assert crowd.index[inside] == 2
    whole = read(made[1][name]).copy()

    def said(change: Callable[[np.ndarray], Any]) -> list[str]:
        damaged = whole.copy()
        change(damaged)
        made[1][name] = encode_flat_png(damaged)
        if name == "panoptic":  # the segments say the same
            told = {each["id"]: each for each in made[0].image["segments_info"]}
            ids = rgb2id(damaged)
            for number in told:
                rows, columns = np.nonzero(ids == number)
                x, y = int(columns.min()), int(rows.min())
                box = [x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1]
                told[number].update(area=len(rows), bbox=box)
        return problems(made, truth, name)

    def other(found: np.ndarray) -> None:
        found[inside] = whole[tuple(np.argwhere(crowd.index == 4)[0])]

    def none(found: np.ndarray) -> None:
        found[inside] = 0

    def shifted(found: np.ndarray) -> None:
        found[:, 1:] = whole[:, :-1]

    for change in (other, none, shifted):
        (sentence,) = said(change)
        assert "pixels disagree with its" in sentence
    assert said(lambda found: None) == []


@pytest.mark.parametrize("name", MAPS)
def test_what_an_engine_rounds_otherwise_is_no_fault(crowd: ViewTruth, name: str) -> None:
    """An index whose outlines differ from those of rays by a pixel, also beside what is dropped."""
    index = crowd.index.copy()
    rows, columns = np.nonzero((index != np.roll(index, 1, axis=1)) & (index != 0))
    index[rows[0], columns[0]] = index[rows[0], columns[0] - 1]
    camera, cache = crowd.camera, crowd.casting.cache
    frame = Frame(np.zeros((0, 0, 4), np.float32), index)
    engine = ViewTruth.of(crowd.shot, camera, cache, frame, crowd.categories)
    for labels in ({}, {"min_visible_px": 400}, {"mask": False, "amodal": False}):
        made = stored_of(engine, **ON, **labels)
        assert problems(made, crowd, name) == []


@pytest.mark.parametrize("name", MAPS)
def test_files_that_are_none_are_one_sentence(crowd: ViewTruth, name: str) -> None:
    made = stored_of(crowd, **ON)
    whole = made[1][name]
    grey, wide = np.zeros(SIZE[::-1], np.uint8), np.zeros((*SIZE[::-1], 3), np.uint16)
    for content in (b"", whole[:40], whole[:-30], encode_flat_png(grey[1:]), encode_flat_png(wide)):
        made[1][name] = content
        (sentence,) = problems(made, crowd, name)
        assert sentence.startswith(f"its {name} file is wrong: it ")


def test_many_categories_take_16_bits(crowd: ViewTruth) -> None:
    names = tuple(f"thing {number}" for number in range(300))
    few = replace(crowd, categories=(*crowd.categories, *names[:252]))
    many = replace(crowd, categories=(*names, *crowd.categories))
    assert len(few.categories) == 254
    assert read(stored_of(few, **ON)[1]["semantic"]).dtype == np.uint8
    made = stored_of(many, **ON, min_visible_px=400)
    found = numbers(made, "semantic")
    assert set(np.unique(found)) <= {0, 301, 302, 65535}
    assert 65535 in found
    assert problems(made, many, "semantic") == []
    (sentence,) = problems(made, few, "semantic")
    assert "16 bits a value are not those of its kind" in sentence


def test_a_panoptic_map_and_its_segments_agree_both_ways_beyond_256(tmp_path: Path) -> None:
    cache, shot = ball_cache(tmp_path / "cache"), grid_of_balls(300, 12, (320, 240))
    truth = ViewTruth.of(shot, shot.views[0].camera, cache, categories=["ball"])
    made = stored_of(truth, panoptic={"background": "table"})
    ids, segments = numbers(made, "panoptic"), made[0].image["segments_info"]
    assert len(segments) == 301
    assert sorted(each["id"] for each in segments) == np.unique(ids).tolist()
    for each in segments:
        assert (ids == each["id"]).sum() == each["area"]
    things, stuff = segments[:-1], segments[-1]
    assert max(each["id"] for each in things) > 256
    assert [each["instance"] for each in things] == [r["instance"] for r in made[0].annotations]
    assert (stuff["category_id"], stuff["instance"]) == (2, 0)
    assert problems(made, truth, "panoptic", background="table") == []
    assert problems(made, None, "panoptic", background="table") == []


def put(**values: Any) -> Callable[[list[Any]], Any]:
    return lambda segments: segments[1].update(values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda segments: segments.pop(1), "its panoptic file has the id 2, and its segments_info"),
        (put(id=9), "its segments_info has the id 9, and its panoptic file has not"),
        (put(area=1), "segment 2 has another area or bbox than in its panoptic file"),
        (put(bbox=[0, 0, 1, 1]), "segment 2 has another area or bbox than in its panoptic file"),
        (put(category_id=2), "segment 2 has another category_id than its annotation"),
        (put(iscrowd=1), "segment 2 has another iscrowd than its annotation"),
        (put(instance=9), "its segments_info lacks instance 2"),
        (put(id=1), "two of its segments_info have one id"),
    ],
)
def test_segments_that_are_wrong_are_found(
    crowd: ViewTruth, change: Callable[[list[Any]], Any], said: str
) -> None:
    made = stored_of(crowd, **ON)
    change(made[0].image["segments_info"])
    assert any(said in each for each in problems(made, None, "panoptic"))


def test_a_background_has_no_name_of_an_object(tmp_path: Path) -> None:
    from renderer.recipe import load_recipe
    from renderer.recipe.problem import RecipeError

    (tmp_path / "a.ply").write_text("ply")
    recipe = {
        "name": "a",
        "images": 1,
        "objects": [{"asset": "a.ply", "category": "mug"}],
        "labels": {"panoptic": {"background": "mug"}},
    }
    (tmp_path / "r.yaml").write_text(json.dumps(recipe))
    with pytest.raises(RecipeError, match=r"labels.panoptic.*mug is a category of objects"):
        load_recipe(tmp_path / "r.yaml")
    assert Labels.model_validate({"panoptic": {"background": "table"}}).on["panoptic"]


@pytest.mark.parametrize("name", MAPS)
def test_maps_are_shown_over_the_picture(crowd: ViewTruth, name: str) -> None:
    stored, _ = stored_of(crowd, **ON)
    canvas = Canvas(Image.new("RGB", (2 * SIZE[0], 2 * SIZE[1]), "#808080"), SIZE, 1)
    LABEL_KINDS.get(name).draw(canvas, stored)
    shown = np.asarray(canvas.picture)[::2, ::2]
    background = (crowd.index == 0) & (np.roll(crowd.index, 1, 0) == 0)
    one, other = (np.argwhere(crowd.index == n).mean(0).astype(int) for n in (1, 4))
    assert (shown[tuple(one)] != 128).any()
    assert (shown[tuple(one)] != shown[tuple(other)]).any()
    if name != "panoptic":
        assert (shown[background] == 128).mean() > 0.9
