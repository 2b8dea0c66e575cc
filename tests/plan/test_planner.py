"""Plans: pure, one key one stream, poses accepted, objects apart, resting and whole."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from renderer.geometry.projection import project
from renderer.geometry.sliding import blocked_span, edge_axes
from renderer.plan import PlanError, Planner
from renderer.shot.shot import Shot
from tests import shapes

BASE: dict[str, Any] = {
    "name": "t",
    "images": 100,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": {"integers": [1, 3]}},
        {"asset": "ball.ply", "category": "ball", "scale": {"uniform": [0.2, 0.4]}},
    ],
    "lighting": {"world": {"color": "random"}, "lights": {"count": {"integers": [1, 2]}}},
    "background": {"color": "random"},
    "accept": {"min_visibility": 0.05},
}
SOLIDS = {"box": shapes.box((0.6, 0.4, 0.8)), "ball": shapes.sphere(rings=12)}
Maker = Callable[..., Planner]


def changed(**edits: Any) -> dict[str, Any]:
    """BASE with dotted keys replaced: camera__orbit__fill=0.5."""
    data = copy.deepcopy(BASE)
    for path, value in edits.items():
        *outer, last = path.split("__")
        node: Any = data
        for key in outer:
            node = node[int(key)] if key.isdigit() else node.setdefault(key, {})
        node[last] = value
    return data


def test_same_arguments_same_shot(plain_planner: Maker) -> None:
    first, second = plain_planner(BASE, **SOLIDS), plain_planner(BASE, **SOLIDS)
    for index in (5, 0, 99, 5):
        assert first.shot(index).model_dump_json() == second.shot(index).model_dump_json()
    assert first.shot(1) != first.shot(2)
    shot = first.shot(3)
    assert Shot.model_validate_json(shot.model_dump_json()) == shot


def test_more_images_keep_the_earlier_ones(plain_planner: Maker) -> None:
    few, many = plain_planner(BASE, **SOLIDS), plain_planner(changed(images=100_000), **SOLIDS)
    assert [few.shot(i) for i in range(20)] == [many.shot(i) for i in range(20)]


@pytest.mark.parametrize(
    ("edit", "same"),
    [
        ({"lighting__lights__temperature_k": 3000}, {"views", "objects", "world", "background"}),
        (
            {"lighting__world__strength": 0.1},
            {"views", "objects", "lamps", "background", "render"},
        ),
        ({"background__color": "white"}, {"views", "objects", "world", "lamps", "render"}),
        ({"effects__exposure__stops": 1.0}, {"views", "objects", "world", "lamps", "background"}),
        ({"camera__orbit__azimuth_deg": 10}, {"objects", "world", "lamps", "background", "render"}),
        ({"objects__1__yaw_deg": 10}, {"world", "background", "render"}),
    ],
)
def test_editing_a_key_changes_that_thing_alone(
    plain_planner: Maker, edit: dict[str, Any], same: set[str]
) -> None:
    # Nothing rejected: every pose is its first, so that the edit itself is what is compared.
    free = {"accept__min_visibility": 0.0, "accept__max_truncation": 1.0, "arrangement__gap": 1.0}
    free["camera__orbit__elevation_deg"] = 50
    before = plain_planner(changed(**free), **SOLIDS)
    after = plain_planner(changed(**free, **edit), **SOLIDS)
    for index in range(20):
        a, b = before.shot(index), after.shot(index)
        assert a.attempts == b.attempts == 1
        assert a != b
        for part in same:
            assert getattr(a, part) == getattr(b, part), (index, part)


def test_another_category_leaves_the_others_alone(plain_planner: Maker) -> None:
    """An entry put in front does not move the numbers of the entries behind it."""
    data = changed()
    data["objects"].insert(0, {"asset": "ball.ply", "category": "new", "scale": 0.1})
    before, after = plain_planner(BASE, **SOLIDS), plain_planner(data, **SOLIDS)
    for index in range(10):
        old = [(o.category, o.scale) for o in before.shot(index).objects]
        new = [(o.category, o.scale) for o in after.shot(index).objects]
        assert [each for each in new if each[0] != "new"] == old


def test_rejection_keeps_numbers_and_sizes(plain_planner: Maker) -> None:
    easy = plain_planner(changed(accept={"min_visibility": 0.0}), **SOLIDS)
    hard = plain_planner(changed(accept={"min_visibility": 0.6, "tries": 1000}), **SOLIDS)
    tries = 0
    for index in range(30):
        a, b = easy.shot(index), hard.shot(index)
        assert [(o.category, o.scale) for o in a.objects] == [
            (o.category, o.scale) for o in b.objects
        ]
        tries += b.attempts
    assert tries > 30


def test_objects_rest_and_stand_apart(plain_planner: Maker) -> None:
    planner = plain_planner(
        changed(objects__0__count=6, arrangement__gap=0.2, accept={"min_visibility": 0}), **SOLIDS
    )
    for index in range(10):
        outlines = []
        for entry in planner.shot(index).objects:
            points, _ = SOLIDS[entry.category]
            matrix = np.array(entry.model_to_world)
            world = points @ matrix[:3, :3].T + matrix[:3, 3]
            assert world[:, 2].min() == pytest.approx(0, abs=1e-6)
            import cv2

            outlines.append(cv2.convexHull(world[:, :2].astype(np.float32))[:, 0].astype(float))
        for a in range(len(outlines)):
            for b in range(a):
                enter, leave = span(outlines[a], outlines[b], np.array([1.0, 0]), 0.0)
                assert not enter < -1e-6 < 1e-6 < leave


def span(
    moving: np.ndarray, fixed: np.ndarray, direction: np.ndarray, room: float
) -> tuple[float, float]:
    axes = np.concatenate([edge_axes(moving), edge_axes(fixed)])
    return blocked_span(moving, fixed, axes, direction, room)


def test_spans_of_sliding_shapes() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])
    line = np.array([[0, 0], [1, 0.0]])
    right, up = np.array([1.0, 0]), np.array([0.0, 1])
    assert span(square, square + [3, 0.5], right, 0) == pytest.approx((2, 4))
    assert span(square, square + [3, 0.5], right, 0.25) == pytest.approx((1.75, 4.25))
    enter, leave = span(square, square + [3, 1.5], right, 0)
    assert enter > leave  # passes by
    assert span(square * 0.2 + 0.4, square, up, 0) == pytest.approx((-0.6, 0.6))
    assert span(line, line, up, 0.1) == pytest.approx((-0.1, 0.1))
    turned = (square - 0.5) @ np.array([[1, -1], [1, 1]]) / np.sqrt(2)  # corners at +-0.707
    assert span(turned, turned + [2, 0], right, 0) == pytest.approx(
        (2 - np.sqrt(2), 2 + np.sqrt(2))
    )


def test_every_object_is_in_the_frame(plain_planner: Maker) -> None:
    planner = plain_planner(BASE, **SOLIDS)
    for index in range(20):
        shot = planner.shot(index)
        for entry in shot.objects:
            points, _ = SOLIDS[entry.category]
            to_camera = np.array(shot.views[0].camera.world_to_camera) @ np.array(
                entry.model_to_world
            )
            pixels = project(points, np.array(shot.views[0].camera.K), to_camera)
            assert pixels[:, :2].min() >= -1e-6
            assert (pixels[:, :2].max(0) <= np.array(shot.views[0].camera.resolution) + 1e-6).all()


def test_what_cannot_be_met_says_why(plain_planner: Maker) -> None:
    """A box hides the ball from every side: no pose shows half of it."""
    data = changed(
        objects=[
            {"asset": "box.ply", "category": "wall", "scale": 5, "position_m": [0, 0, 0]},
            {"asset": "ball.ply", "category": "ball", "scale": 0.2, "position_m": [0, 0, 1]},
        ],
        accept={"min_visibility": 0.5, "tries": 7},
    )
    with pytest.raises(
        PlanError,
        match=r"image 0: no pose was accepted in 7 tries; most often \(7x\) ball is hidden",
    ):
        plain_planner(data, **SOLIDS).shot(0)
    low = changed(camera__orbit__elevation_deg=-30, accept={"tries": 5})
    with pytest.raises(PlanError, match="the camera is below the floor"):
        plain_planner(low, **SOLIDS).shot(0)
    world = changed(camera__orbit__elevation_deg=-30)
    world["background"] = {"world": True}
    assert plain_planner(world, **SOLIDS).shot(0).views[0].elevation_deg == -30


def test_free_objects_lie_on_a_stable_side(plain_planner: Maker, cache: Any) -> None:
    """A box put down any way lies on one of its six sides, never on an edge."""
    from dataclasses import replace

    from renderer.geometry.rotation import rest_on_side

    points, faces = SOLIDS["box"]
    planner = plain_planner(BASE, **SOLIDS)
    geometry = replace(
        planner.cache.geometry("box"), hull=points.astype(np.float32), hull_faces=faces
    )
    rng = np.random.default_rng(0)
    used = set()
    for _ in range(100):
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        start = q * np.sign(np.linalg.det(q))
        rotation = rest_on_side(start, geometry)
        assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-9)
        heights = points @ rotation.T[:, 2]
        assert (heights < heights.min() + 1e-6).sum() == 4
        used.add(round(float(np.ptp(heights)), 3))
    assert used == {0.4, 0.6, 0.8}


def test_an_image_may_be_empty(plain_planner: Maker) -> None:
    data = changed(objects=[{"asset": "box.ply", "category": "box", "count": 0}])
    assert plain_planner(data, **SOLIDS).shot(0).objects == ()
