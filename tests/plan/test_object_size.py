"""camera.object_px: one object's box is as large as asked, by its mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from renderer.plan import PlanError, Planner
from renderer.recipe import Recipe
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.labelled import labels_of

Maker = Callable[..., Planner]
SOLIDS = {"box": shapes.box((0.6, 0.4, 0.8)), "ball": shapes.sphere(rings=48)}


def recipe(objects: list[dict[str, Any]], **camera: Any) -> dict[str, Any]:
    return {
        "name": "t",
        "images": 64,
        "objects": objects,
        "camera": {"resolution": [320, 240], **camera},
        "background": {"color": "white", "shadows": False},
        "accept": {"min_visibility": 0},
    }


BOX = {"asset": "box.ply", "category": "box", "orientation": "free", "size_m": 0.2}
BALL = {"asset": "ball.ply", "category": "ball", "size_m": 0.05, "count": 3}
SKEWED = {"fx": 300, "fy": 410, "cx": 90, "cy": 170}


def longer_sides(planner: Planner, index: int) -> list[list[float]]:
    """The longer side of each object's mask, in the frame and beyond, by view."""
    shot = planner.shot(index)
    return [
        [
            float(max(label.amodal_box[2:]))
            for label in labels_of(ViewTruth.of(shot, view.camera, planner.cache))
        ]
        for view in shot.views
    ]


LENSES: list[dict[str, Any]] = [{}, {"intrinsics": SKEWED}, {"focal_length_mm": 14}]
ANYWHERE = {"framing": [{"uniform": [-1, 1]}, {"uniform": [-1, 1]}], "elevation_deg": 30}


@pytest.mark.parametrize("px", [24, 77.5, 200])
@pytest.mark.parametrize("camera", LENSES)
def test_a_box_is_as_large_as_asked(plain_planner: Maker, px: float, camera: Any) -> None:
    """Its corners by OpenCV to a thousandth; of its mask sharp corners may miss pixel centres."""
    planner = plain_planner(recipe([BOX], object_px=px, orbit=ANYWHERE, **camera), **SOLIDS)
    for index in range(6):
        shot = planner.shot(index)
        to_world = np.array(shot.objects[0].model_to_world)
        camera_ = shot.views[0].camera
        to_camera = np.array(camera_.world_to_camera) @ to_world
        corners = SOLIDS["box"][0] @ to_camera[:3, :3].T + to_camera[:3, 3]
        pixels, _ = cv2.projectPoints(corners, np.zeros(3), np.zeros(3), np.array(camera_.K), None)
        assert np.ptp(pixels[:, 0], axis=0).max() == pytest.approx(px, abs=1e-3)
        assert pixels.min() > -1e-6
        assert (pixels[:, 0].max(0) < np.array([320, 240]) + 1e-6).all()
        (label,) = labels_of(ViewTruth.of(shot, camera_, planner.cache))
        assert -2 <= max(label.amodal_box[2:]) - px <= 1
        assert label.truncation == 0
        assert label.box == label.amodal_box


@pytest.mark.parametrize("px", [24, 77.5, 200])
@pytest.mark.parametrize("camera", LENSES)
def test_a_ball_s_box_is_so_to_a_pixel(plain_planner: Maker, px: float, camera: Any) -> None:
    ball = {**BALL, "count": 1}
    planner = plain_planner(recipe([ball], object_px=px, orbit=ANYWHERE, **camera), **SOLIDS)
    for index in range(6):
        assert longer_sides(planner, index)[0][0] == pytest.approx(px, abs=1)


def test_a_ball_is_as_far_as_on_paper(plain_planner: Maker) -> None:
    """A ball of radius r seen straight on from d spans f * 2 r / sqrt(d^2 - r^2)."""
    orbit = {"elevation_deg": 0}
    planner = plain_planner(recipe([{**BALL, "count": 1}], object_px=50, orbit=orbit), **SOLIDS)
    shot = planner.shot(0)
    focal, radius = 50 / 36 * 320, 0.025
    distance = np.linalg.norm(shot.views[0].camera.position - np.array(shot.center))
    expected = math.hypot(focal * 2 * radius / 50, radius)
    assert distance == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize(
    "rig",
    [{"stereo": {"baseline_m": 0.06}}, {"orbit": {"steps": 5, "span_deg": 360}}],
)
def test_of_a_rig_the_largest_view_has_it(plain_planner: Maker, rig: dict[str, Any]) -> None:
    planner = plain_planner(recipe([{**BALL, "count": 1}], object_px=90, rig=rig), **SOLIDS)
    for index in range(4):
        assert max(sides[0] for sides in longer_sides(planner, index)) == pytest.approx(90, abs=1)


def test_any_of_the_objects_is_measured_and_looked_at(plain_planner: Maker) -> None:
    """A box and three far smaller balls: each is the one in about a quarter of the images; what
    else is there may be beyond the frame.
    """
    data = {**recipe([BOX, BALL], object_px=60), "accept": {"min_visibility": 0.05}}
    planner = plain_planner(data, **SOLIDS)
    measured = np.zeros(4)
    for index in range(64):
        shot = planner.shot(index)
        camera = shot.views[0].camera
        truth = ViewTruth.of(shot, camera, planner.cache)
        for label in labels_of(truth):
            x, y, w, h = label.amodal_box
            middle = np.array([x + w / 2, y + h / 2])
            if np.abs(middle - (160, 120)).max() < 1.5 and -2 <= max(w, h) - 60 <= 1:
                measured[label.entry.instance - 1] += 1
                assert label.truncation == 0
    assert measured.sum() == 64
    assert measured.min() >= 8


def test_sizes_are_distributed_as_asked(plain_planner: Maker) -> None:
    sizes = {"loguniform": [24, 200]}
    planner = plain_planner(recipe([BOX], object_px=sizes), **SOLIDS)
    found = np.array([longer_sides(planner, index)[0][0] for index in range(64)])
    units = np.sort(np.log(found / 24) / np.log(200 / 24))
    assert np.abs(units - (np.arange(64) + 0.5) / 64).max() < 0.2  # Kolmogorov, 1 %


def test_it_changes_the_camera_alone(plain_planner: Maker) -> None:
    before = plain_planner(recipe([BOX, BALL]), **SOLIDS)
    after = plain_planner(recipe([BOX, BALL], object_px=40), **SOLIDS)
    for index in range(4):
        assert before.shot(index).objects == after.shot(index).objects
        assert before.shot(index).views != after.shot(index).views


@pytest.mark.parametrize(
    ("camera", "place", "said"),
    [
        ({"object_px": 50, "orbit": {"fill": 0.5}}, ("camera", "object_px"), "orbit.fill"),
        ({"object_px": 50, "orbit": {"distance_m": 1}}, ("camera", "object_px"), "distance_m"),
        ({"object_px": {"uniform": [9, 241]}}, ("camera", "object_px"), "shorter side (240)"),
    ],
)
def test_what_does_not_go_together(camera: Any, place: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Recipe.model_validate(recipe([BOX], **camera))
    (error,) = refused.value.errors()
    assert error["loc"] == place
    assert said in error["msg"]


def test_what_helps(plain_planner: Maker) -> None:
    """The camera is inside a large ball, whatever the pose."""
    data = recipe([{**BOX, "position_m": [0, 0, 0]}], object_px=150)
    data["objects"].append({**BALL, "size_m": 30.0, "position_m": [0, 0, -15], "count": 1})
    data["seed"] = 1
    with pytest.raises(PlanError, match=r"lower camera\.object_px, or choose a longer"):
        plain_planner(data, **SOLIDS).shot(0)
