"""Who hides whom: sheets in a known stack, counted on paper; rings; the floor; planted faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.geometry.projection import project
from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.truth.canvas import Canvas
from renderer.truth.hiding import order
from renderer.truth.view import ViewTruth
from tests.truth.solids import FRONTAL as CAMERA
from tests.truth.solids import SIZE, Make
from tests.truth.stored import problems, stored_of

ON = {"occlusion": True}


def on_paper(truth: ViewTruth) -> tuple[list[np.ndarray], list[float]]:
    """Each sheet's pixels (h, w) by its projected corners, and its depth."""
    K = np.array(truth.camera.K)
    u, v = np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5)
    masks, depths = [], []
    for entry in truth.shot.objects:
        corners = np.array([[-0.5, 0, 0], [0.5, 0, 1]])
        to_camera = np.array(truth.camera.world_to_camera) @ np.array(entry.model_to_world)
        (x0, y0, depth), (x1, y1, _) = project(corners, K, to_camera)
        left, right, top, bottom = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        assert np.abs(np.array([left, right, top, bottom]) % 1 - 0.5).min() > 1e-3
        masks.append((u > left) & (u < right) & (v > top) & (v < bottom))
        depths.append(depth)
    return masks, depths


def test_sheets_in_a_stack_are_counted_as_on_paper(stack: ViewTruth) -> None:
    stored, _ = made = stored_of(stack, **ON)
    masks, depths = on_paper(stack)
    owner = np.zeros(SIZE[::-1], int)
    for at in np.argsort(depths)[::-1]:  # nearer ones are painted over farther ones
        owner[masks[at]] = at + 1
    assert len(stored.annotations) == 4
    for record in stored.annotations:
        mine = record["instance"]
        counts = np.bincount(owner[masks[mine - 1]], minlength=5)
        expected = [
            {"instance": other, "pixels": int(counts[other])}
            for other in range(1, 5)
            if other != mine and counts[other]
        ]
        assert record["occluders"] == expected
    of = {record["instance"]: record for record in stored.annotations}
    assert {each["instance"] for each in of[1]["occluders"]} == {2, 3, 4}
    assert [of[number]["occlusion_order"] for number in (1, 2, 3, 4)] == [2, 1, 0, 0]
    assert problems(made, stack, "occlusion") == problems(made, None, "occlusion") == []


def test_an_occluder_without_a_label_is_named_and_counts_in_the_order(stack: ViewTruth) -> None:
    objects = list(stack.shot.objects)
    objects[1] = objects[1].model_copy(update={"category": None})
    shot = stack.shot.model_copy(update={"objects": tuple(objects)})
    truth = ViewTruth.of(shot, stack.camera, stack.casting.cache, categories=stack.categories)
    stored, _ = made = stored_of(truth, **ON)
    whole = {record["instance"]: record for record in stored_of(stack, **ON)[0].annotations}
    assert [record["instance"] for record in stored.annotations] == [1, 3, 4]
    for record in stored.annotations:
        assert record["occluders"] == whole[record["instance"]]["occluders"]
        assert record["occlusion_order"] == whole[record["instance"]]["occlusion_order"]
    assert problems(made, truth, "occlusion") == problems(made, None, "occlusion") == []
    made[0].annotations[0]["occluders"][0]["pixels"] -= 9
    (sentence,) = problems(made, truth, "occlusion")
    assert "pixels of 2, its scene's are" in sentence


@pytest.mark.parametrize("floor", [True, False])
def test_the_floor_hides_what_is_below_it(make: Make, floor: bool) -> None:
    sunk = {"asset": "box.ply", "category": "box", "position_m": [0, 0, -0.4], "yaw_deg": 10}
    camera = {**CAMERA, "orbit": {**CAMERA["orbit"], "distance_m": 3, "elevation_deg": 35}}
    behind = {"floor": "plain"} if floor else {"world": True}
    truth = make(sunk, camera=camera, background=behind, accept={"min_visibility": 0.0})
    stored, _ = made = stored_of(truth, **ON)
    (record,) = stored.annotations
    hidden = stored.mask(record, "amodal_segmentation").area - record["area"]
    assert (hidden > 100) == floor
    assert record["occluders"] == ([{"instance": 0, "pixels": hidden}] if floor else [])
    assert record["occlusion_order"] == 0
    assert problems(made, truth, "occlusion") == problems(made, None, "occlusion") == []


def test_places_are_those_of_the_longest_way_to_the_front() -> None:
    hidden_by = {1: {}, 2: {1: 5}, 3: {2: 1}, 4: {1: 2, 3: 7, 0: 4}, 5: {0: 3}, 6: {99: 2}}
    assert order(hidden_by) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 0}
    ring = {1: {3: 1}, 2: {1: 1}, 3: {2: 1}, 4: {}, 5: {4: 1}, 6: {3: 1, 4: 1}}
    assert order(ring) == {1: None, 2: None, 3: None, 4: 0, 5: 1, 6: None}


def test_objects_that_hide_each_other_have_no_place(stack: ViewTruth) -> None:
    """As an engine would have it of sheets that interlock."""
    index = stack.index.copy()
    overlap = np.logical_and(*on_paper(stack)[0][:2])
    rows, columns = np.nonzero(overlap & (index == 2))
    index[rows[:9], columns[:9]] = 1
    frame = Frame(np.zeros((0, 0, 4), np.float32), index)
    truth = ViewTruth.of(stack.shot, stack.camera, stack.casting.cache, frame, stack.categories)
    stored, _ = made = stored_of(truth, **ON)
    of = {record["instance"]: record for record in stored.annotations}
    assert {"instance": 1, "pixels": 9} in of[2]["occluders"]
    assert [of[number]["occlusion_order"] for number in (1, 2, 3, 4)] == [None, None, 0, 0]
    assert problems(made, None, "occlusion") == []


def put(key: str, value: Any) -> Callable[[Any], Any]:
    return lambda record: record.update({key: value})


@pytest.mark.parametrize("models", [True, False], ids=["models", "no models"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("occlusion_order", 0), "occlusion_order is 0, its occluders say 2"),
        (put("occlusion_order", 3), "occlusion_order is 3, its occluders say 2"),
        (put("occlusion_order", None), "occlusion_order is None, its occluders say 2"),
        (lambda r: r["occluders"].pop(0), "occluders has 0 pixels of 2, its masks say "),
        (lambda r: r["occluders"][0].update(pixels=1), "occluders has 1 pixels of 2, its masks"),
        (lambda r: r["occluders"].append(r["occluders"][0]), "occluders has an instance twice"),
        (
            lambda r: r["occluders"].append({"instance": 0, "pixels": 30}),
            "occluders has more pixels without a mask than the 0 that are hidden so",
        ),
    ],
)
def test_planted_faults_are_found(
    stack: ViewTruth, change: Callable[[Any], Any], said: str, models: bool
) -> None:
    made = stored_of(stack, **ON)
    change(made[0].annotations[0])
    found = problems(made, stack if models else None, "occlusion")
    assert found[0].startswith(f"1: {said}")


def test_it_is_drawn(stack: ViewTruth) -> None:
    stored, _ = stored_of(stack, **ON)
    canvas = Canvas(Image.new("RGB", (4 * SIZE[0], 4 * SIZE[1]), "#808080"), SIZE, 2)
    LABEL_KINDS.get("occlusion").draw(canvas, stored)
    shown = np.asarray(canvas.picture).reshape(-1, 3)
    front = (shown[:, 0] > shown[:, 2] + 50).sum()
    back = (shown[:, 2] > shown[:, 0] + 50).sum()
    assert min(front, back) > 100
