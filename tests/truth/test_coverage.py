"""Soft mattes against formulas: a ball's outline, sheets' edges; sums; planted faults."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from renderer.geometry.projection import project
from renderer.plan import Planner
from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Canvas
from renderer.truth.raster import encode_pages
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.solids import SCENE, SIZE, Make
from tests.truth.stored import Made, problems, stored_of

ON = {"coverage": True}
_FINE = 24


def pages(made: Made) -> np.ndarray:
    """(n, h, w) the mattes as any reader of TIFF has them."""
    file = Image.open(io.BytesIO(made[1]["coverage"]))
    return np.stack([np.array(page) for page in ImageSequence.Iterator(file)]).astype(float) / 255


def fine_grid() -> tuple[np.ndarray, np.ndarray]:
    """Pixel positions (h, w, points) of many points in each pixel."""
    ticks = (np.arange(_FINE) + 0.5) / _FINE
    x, y = (each.ravel() for each in np.meshgrid(ticks, ticks))
    u, v = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return u[..., None] + x, v[..., None] + y


def test_the_outline_of_a_ball(plain_planner: Callable[..., Planner]) -> None:
    """A ray d meets the ball at c where (d.c)^2 - |d|^2 (|c|^2 - r^2) > 0."""
    ball = {"asset": "ball.ply", "category": "ball", "resting": False}
    planner = plain_planner({**SCENE, "objects": [ball]}, ball=shapes.sphere(rings=200))
    shot = planner.shot(0)
    truth = ViewTruth.of(shot, shot.views[0].camera, planner.cache, categories=["ball"])
    (found,) = pages(made := stored_of(truth, **ON))
    K, (entry,) = np.array(truth.camera.K), shot.objects
    to_camera = np.array(truth.camera.world_to_camera) @ np.array(entry.model_to_world)
    u, v = fine_grid()
    d = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], -1)
    c, r = to_camera[:3, 3], entry.scale
    share = ((d @ c) ** 2 > (d**2).sum(-1) * (c @ c - r**2)).mean(-1)
    partly = (share > 0) & (share < 1)
    assert partly.sum() > 100
    apart = np.abs(found - share)
    assert apart[partly].mean() < 0.02
    assert abs((found - share)[partly].mean()) < 0.005  # neither too wide nor too narrow
    assert (found[~partly] == share[~partly]).all()
    assert problems(made, truth, "coverage") == problems(made, None, "coverage") == []


def test_sheets_before_each_other(stack: ViewTruth) -> None:
    """Each sheet covers what no nearer one does, to what is left of the pixel, and no more."""
    K, (u, v) = np.array(stack.camera.K), fine_grid()
    owner, nearest = np.zeros(u.shape, int), np.full(u.shape, np.inf)
    for entry in stack.shot.objects:
        to_camera = np.array(stack.camera.world_to_camera) @ np.array(entry.model_to_world)
        (x0, y0, depth), (x1, y1, _) = project(np.array([[-0.5, 0, 0], [0.5, 0, 1]]), K, to_camera)
        inside = (u > min(x0, x1)) & (u < max(x0, x1)) & (v > min(y0, y1)) & (v < max(y0, y1))
        nearer = inside & (depth < nearest)
        owner[nearer], nearest[nearer] = entry.instance, depth
    found = pages(made := stored_of(stack, **ON))
    assert len(found) == 4
    for record, matte in zip(made[0].annotations, found, strict=True):
        share = (owner == record["instance"]).mean(-1)
        partly = (share > 0) & (share < 1)
        assert np.abs(matte - share)[partly].mean() < 0.02
        assert (matte[~partly] == share[~partly]).all()
    assert (found.sum(0) <= 1 + 1e-9).all()
    assert (found.sum(0)[(owner > 0).all(-1)] > 1 - 4 / 255).all()
    assert problems(made, stack, "coverage") == problems(made, None, "coverage") == []


def test_the_floor_and_what_has_no_label_cover_too(make: Make) -> None:
    things = [
        {"asset": "box.ply", "category": "box", "position_m": [0, 0, -0.4], "yaw_deg": 10},
        {"asset": "dome.ply", "category": "dome", "position_m": [0.4, -0.4, 0], "scale": 0.3},
    ]
    camera = {"resolution": SIZE, "orbit": {"elevation_deg": 35, "azimuth_deg": 0}}
    truth = make(
        *things, camera=camera, background={"floor": "plain"}, accept={"min_visibility": 0.0}
    )
    whole = stored_of(truth, **ON)
    first, *objects = truth.shot.objects
    objects = [first, *(each.model_copy(update={"category": None}) for each in objects)]
    shot = truth.shot.model_copy(update={"objects": tuple(objects)})
    truth = ViewTruth.of(shot, truth.camera, truth.casting.cache, categories=truth.categories)
    made = stored_of(truth, **ON)
    assert (pages(made)[0] == pages(whole)[0]).all()
    # The part of the box below the floor is in no matte.
    index, matte = truth.index, pages(made)[0]
    alone = truth.silhouette(first).crop.full()
    deep = alone & (index == 0) & (np.roll(index, 1, 0) == 0) & (np.roll(index, -1, 0) == 0)
    assert deep.sum() > 50
    assert matte[deep].max() < 0.6
    assert (matte[deep] > 0).mean() < 0.2
    assert problems(made, truth, "coverage") == []
    assert problems(stored_of(truth, **ON, min_visible_px=9999), truth, "coverage") == []


def test_an_image_without_annotations_has_one_empty_page(stack: ViewTruth) -> None:
    made = stored_of(stack, **ON, min_visible_px=99999)
    assert made[0].annotations == []
    found = pages(made)
    assert found.shape == (1, SIZE[1], SIZE[0])
    assert not found.any()
    assert problems(made, stack, "coverage") == []
    made[1]["coverage"] = encode_pages([np.ones(SIZE[::-1], np.uint8)])
    (sentence,) = problems(made, stack, "coverage")
    assert "and it has no annotation" in sentence


def test_planted_faults_are_found(stack: ViewTruth) -> None:
    made = stored_of(stack, **ON)
    whole = np.round(pages(made) * 255).astype(np.uint8)

    def said(change: Callable[[np.ndarray], Any], truth: ViewTruth | None = stack) -> list[str]:
        damaged = whole.copy()
        change(damaged)
        made[1]["coverage"] = encode_pages(list(damaged))
        return problems(made, truth, "coverage")

    def inside(found: np.ndarray) -> None:
        found[0][tuple(np.argwhere(whole[0] == 255)[len(np.argwhere(whole[0] == 255)) // 2])] = 9

    def beyond(found: np.ndarray) -> None:
        found[3, -1, -1] = 40

    def hard(found: np.ndarray) -> None:
        found[3] = np.where(whole[3] > 127, 255, 0)

    def twice(found: np.ndarray) -> None:
        found[1] = np.maximum(found[1], found[0])

    for models in (stack, None):
        assert said(inside, models)[0].endswith("pixels of its coverage disagree with its mask")
        assert said(beyond, models)[0].startswith("4: 1 pixels of its coverage disagree")
        assert "covers a pixel more than whole" in said(twice, models)[0]
    assert said(hard)[0].endswith("of its coverage disagree with its scene")
    assert said(lambda found: None) == []


def test_files_that_are_none_are_one_sentence(stack: ViewTruth) -> None:
    made = stored_of(stack, **ON)
    whole, page = made[1]["coverage"], np.zeros(SIZE[::-1], np.uint8)
    two, small = encode_pages([page] * 2), encode_pages([page[1:]] * 4)
    for content in (b"", whole[:40], whole[: len(whole) // 2], two, small):
        made[1]["coverage"] = content
        (sentence,) = problems(made, stack, "coverage")
        assert sentence.startswith("its coverage file is wrong: it")


def test_same_bytes_twice_and_drawn(stack: ViewTruth, tmp_path: Path) -> None:
    stored, files = stored_of(stack, **ON)
    assert files == stored_of(stack, **ON)[1]
    canvas = Canvas(Image.new("RGB", SIZE, "#808080"), SIZE, 1)
    LABEL_KINDS.get("coverage").draw(canvas, stored)
    shown = np.asarray(canvas.picture)
    assert (shown[stack.index > 0].max(-1) > 60).mean() > 0.95
    assert not shown[-1, -1].any()
