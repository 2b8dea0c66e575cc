"""Keypoints against geometry on paper: a cube's corners and the middles of its faces, in 100 views."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageColor

from renderer.asset.keypoints import KeypointSet, ModelKeypoints
from renderer.colour.palette import colour_of
from renderer.geometry.distortion import Distortion
from renderer.plan import Planner
from renderer.registry import LABEL_KINDS
from renderer.shot.scene import to_matrix4
from renderer.shot.shot import Shot
from renderer.truth import point_sight
from renderer.truth.canvas import Canvas
from renderer.truth.kinds.keypoints import Keypoints, KeypointsConfig
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.labelled import records_of

Maker = Callable[..., Planner]
SIDE = 0.5
CORNERS = np.array(list(itertools.product((-SIDE / 2, SIDE / 2), (-SIDE / 2, SIDE / 2), (0, SIDE))))
MIDDLE = np.array([0, 0, SIDE / 2])
NORMALS = np.vstack([np.eye(3), -np.eye(3)])
FACES = MIDDLE + NORMALS * SIDE / 2
POINTS = np.vstack([CORNERS, FACES])
ON = {"keypoints": True}
ALL_ROUND = {
    "name": "t",
    "images": 100,
    "objects": [{"asset": "cube.ply", "category": "cube", "orientation": "free", "scale": 0.4}],
    "camera": {
        "resolution": [160, 120],
        "orbit": {"elevation_deg": {"uniform": [-85, 85]}, "fill": {"uniform": [0.3, 0.9]}},
    },
    "background": {"color": "black", "shadows": False},
}


def cube_points(
    points: np.ndarray = POINTS, inside: tuple[float, ...] | None = None
) -> ModelKeypoints:
    names = tuple(f"p{at}" for at in range(len(points)))
    named = KeypointSet(names=names, skeleton=((0, 1), (1, 3)), flips=tuple(range(len(points))))
    positions = tuple(tuple(each) for each in points.tolist())
    return ModelKeypoints(
        named=named, positions=positions, inside_m=inside or (0.0,) * len(positions)
    )


def cube(**changes: Any) -> tuple[Any, ...]:
    return (*shapes.box((SIDE, SIDE, SIDE)), cube_points(**changes))


def view(shot: Shot, planner: Planner) -> ViewTruth:
    return ViewTruth.of(shot, shot.views[0].camera, planner.cache)


def states(record: dict[str, Any]) -> np.ndarray:
    return np.array(record["keypoints"][2::3])


def faces_seen(eye: np.ndarray) -> np.ndarray:
    """Which of the six faces have an eye (in the model frame) before them."""
    return (NORMALS * (eye - MIDDLE)).sum(axis=1) > SIDE / 2


def corner_seen(eye: np.ndarray) -> np.ndarray:
    """A convex body's corner is in sight if one of its faces is."""
    on_face = np.abs((CORNERS[:, None] - FACES[None]) @ NORMALS.T).diagonal(0, 1, 2) < 1e-9
    return (on_face & faces_seen(eye)).any(axis=1)


def eye_of(shot: Shot, scale: float) -> np.ndarray:
    """The camera in the model frame, solved by numpy."""
    (entry, *_) = shot.objects
    to_camera = np.array(shot.views[0].camera.world_to_camera) @ np.array(entry.model_to_world)
    return np.linalg.solve(to_camera, [0, 0, 0, 1])[:3]


def test_corners_and_faces_of_a_cube_are_seen_where_they_are(plain_planner: Maker) -> None:
    planner = plain_planner(ALL_ROUND, cube=cube())
    counted = np.zeros(3, int)
    for index in range(100):
        shot = planner.shot(index)
        (record,) = records_of(view(shot, planner), **ON)
        eye = eye_of(shot, shot.objects[0].scale)
        seen = np.concatenate([corner_seen(eye), faces_seen(eye)])
        found = states(record)
        inside = found > 0
        assert (found[inside] == np.where(seen[inside], 2, 1)).all(), index
        assert record["num_keypoints"] == inside.sum()
        for state in range(3):
            counted[state] += (found == state).sum()
    assert counted[1] > 300
    assert counted[2] > 600


LENSES = {
    "pinhole": None,
    "brown": Distortion(model="brown", coefficients=(-0.25, 0.06, 0.002, -0.001, 0.0)),
    "fisheye": Distortion(model="fisheye", coefficients=(0.05, -0.01, 0.002, 0.0)),
}


def with_lens(shot: Shot, lens: Distortion | None, to_camera: np.ndarray | None = None) -> Shot:
    """The shot with an off-centre camera of its own lens."""
    (seen,) = shot.views
    K = ((340.0, 0.0, 71.3), (0.0, 350.0, 55.9), (0.0, 0.0, 1.0))
    changes: dict[str, Any] = {"K": K, "distortion": lens}
    if to_camera is not None:
        changes["world_to_camera"] = to_matrix4(to_camera)
    camera = seen.camera.model_copy(update=changes)
    return shot.model_copy(update={"views": (seen.model_copy(update={"camera": camera}),)})


def by_opencv(points: np.ndarray, camera: Any) -> np.ndarray:
    """Pixel positions (n, 2) of points in the camera's frame, pixel centres at integers."""
    K = np.array(camera.K)
    K[:2, 2] -= 0.5
    lens, still = camera.distortion, np.zeros(3)
    given = np.array(points, float).reshape(-1, 1, 3)
    if lens is not None and lens.model == "fisheye":
        found = cv2.fisheye.projectPoints(given, still, still, K, np.array(lens.coefficients))[0]
    else:
        coefficients = None if lens is None else np.array(lens.coefficients)
        found = cv2.projectPoints(given, still, still, K, coefficients)[0]
    return found.reshape(-1, 2)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
def test_pixels_are_those_of_opencv(plain_planner: Maker, lens: Distortion | None) -> None:
    """With pixel centres at integers, as COCO counts; beyond the frame there is nothing."""
    planner, away = plain_planner(ALL_ROUND, cube=cube()), 0
    for index in range(20):
        shot = with_lens(planner.shot(index), lens)
        camera, (entry,) = shot.views[0].camera, shot.objects
        records = records_of(view(shot, planner), **ON)
        if not records:
            continue
        (record,) = records
        to_camera = np.array(camera.world_to_camera) @ np.array(entry.model_to_world)
        places = POINTS @ to_camera[:3, :3].T + to_camera[:3, 3]
        assert np.array(record["keypoints_cam"]) == pytest.approx(places, abs=1e-8)
        expected = by_opencv(places, camera)
        found, state = np.array(record["keypoints"]).reshape(-1, 3)[:, :2], states(record)
        width, height = camera.resolution
        inside = ((expected >= -0.5) & (expected < (width - 0.5, height - 0.5))).all(axis=1)
        assert (inside == (state > 0)).all()
        assert found[inside] == pytest.approx(expected[inside], abs=1e-3)
        assert (found[~inside] == 0).all()
        away += (~inside).sum()
    assert away > 0


def test_a_lens_that_bends_back_brings_nothing_into_the_frame(plain_planner: Maker) -> None:
    """Brown's polynomial of a wide lens turns round at tan = 1.05 and is 0 again at 1.83."""
    lens = Distortion(model="brown", coefficients=(-0.3, 0.0, 0.0, 0.0))
    points = np.array([[0.0, 0.0, SIDE / 2 - 1e-3], [1.8, 0.0, 0.0]]) * [1, 1, 1]
    planner = plain_planner(ALL_ROUND, cube=cube(points=points))
    to_camera = np.eye(4)
    to_camera[:3, 3] = (0.0, 0.0, 1.0)
    planned = planner.shot(0)
    entry = planned.objects[0].model_copy(
        update={"scale": 1.0, "model_to_world": to_matrix4(np.eye(4))}
    )
    shot = with_lens(planned.model_copy(update={"objects": (entry,)}), lens, to_camera)
    (record,) = records_of(view(shot, planner), **ON)
    folded = by_opencv(np.array([[1.8, 0.0, 1.0]]), shot.views[0].camera)[0]
    assert 0 < folded[0] < 159  # the lens's formula has it in the frame
    assert states(record)[1] == 0
    assert record["num_keypoints"] == 1


def hidden_by_box(eye: np.ndarray, target: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Whether a segment meets a box, by slabs."""
    with np.errstate(divide="ignore"):
        enter, leave = np.sort(
            [(low - eye) / (target - eye), (high - eye) / (target - eye)], axis=0
        )
    return bool(max(enter.max(), 0) < min(leave.min(), 1))


@pytest.mark.parametrize("labelled", [True, False])
def test_another_box_hides_points(plain_planner: Maker, labelled: bool) -> None:
    """A wall of the same frame as the cube stands beside it; labelled or not, it hides."""
    wall = shapes.box((0.05, 0.6, 0.4))
    recipe = {
        **ALL_ROUND,
        "objects": [
            {"asset": "cube.ply", "category": "cube", "yaw_deg": 0},
            {"asset": "wall.ply", "category": "wall", "yaw_deg": 0},
        ],
        "camera": {"resolution": [160, 120], "orbit": {"fill": 0.5}},
        "accept": {"min_visibility": 0, "max_truncation": 1},
    }
    planner, by_wall = plain_planner(recipe, cube=cube(), wall=wall), 0
    place = np.eye(4)
    place[0, 3] = 0.5
    low, high = np.array([0.475, -0.3, 0.0]), np.array([0.525, 0.3, 0.4])
    for index in range(100):
        planned = planner.shot(index)
        first, second = planned.objects
        still = {"scale": 1.0, "model_to_world": to_matrix4(np.eye(4))}
        there = {"scale": 1.0, "model_to_world": to_matrix4(place)}
        there |= {} if labelled else {"category": None}
        objects = (first.model_copy(update=still), second.model_copy(update=there))
        shot = planned.model_copy(update={"objects": objects})
        records = [each for each in records_of(view(shot, planner), **ON) if each["instance"] == 1]
        if not records:
            continue
        eye, found = eye_of(shot, 1.0), states(records[0])
        seen = np.concatenate([corner_seen(eye), faces_seen(eye)])
        behind = np.array([hidden_by_box(eye, point, low, high) for point in POINTS])
        inside = found > 0
        assert (found[inside] == np.where(seen & ~behind, 2, 1)[inside]).all(), index
        by_wall += (seen & behind & inside).sum()
    assert by_wall > 50


def test_the_floor_hides_what_is_below_it(plain_planner: Maker) -> None:
    """And not what lies on it: the corners that the cube stands on."""
    sunken = np.vstack([CORNERS, [[SIDE / 2, 0.0, -0.1]]])
    recipe = {
        **ALL_ROUND,
        "objects": [{"asset": "cube.ply", "category": "cube"}],
        "background": {"floor": "wood"},
        "camera": {"resolution": [160, 120], "orbit": {"elevation_deg": {"uniform": [20, 60]}}},
    }
    planner = plain_planner(recipe, cube=cube(points=sunken))
    on_floor = 0
    for index in range(20):
        shot = planner.shot(index)
        (record,) = records_of(view(shot, planner), **ON)
        found, seen = states(record), corner_seen(eye_of(shot, 1.0))
        inside = found > 0
        assert (found[:8][inside[:8]] == np.where(seen, 2, 1)[inside[:8]]).all()
        assert found[8] in (0, 1)
        on_floor += (found[:8][CORNERS[:, 2] == 0] == 2).sum()
    assert on_floor > 30


def test_a_point_inside_is_seen_through_so_much_of_its_own_model(plain_planner: Maker) -> None:
    """The middle of the cube lies half a side below its faces, 0.866 of one below its corners."""
    points = np.array([MIDDLE] * 3)
    inside = (0.0, SIDE, 0.1 * SIDE)
    planner = plain_planner(ALL_ROUND, cube=cube(points=points, inside=inside))
    for index in range(10):
        (record,) = records_of(view(planner.shot(index), planner), **ON)
        assert states(record).tolist() == [1, 2, 1]


def test_a_point_just_below_the_surface_is_on_it_by_the_tolerance(plain_planner: Maker) -> None:
    """Straight from above: the depth below the face is what counts."""
    depths = np.array([0.0, 0.004, 0.006]) * SIDE
    points = np.array([[0.0, 0.0, SIDE - depth] for depth in depths])
    recipe = {
        **ALL_ROUND,
        "objects": [{"asset": "cube.ply", "category": "cube", "scale": 0.4}],
        "camera": {"resolution": [160, 120], "orbit": {"elevation_deg": 89.9}},
    }
    planner = plain_planner(recipe, cube=cube(points=points))
    truth = view(planner.shot(0), planner)
    assert states(records_of(truth, **ON)[0]).tolist() == [2, 2, 1]
    (strict,) = records_of(truth, keypoints={"tolerance": 0.001})
    assert states(strict).tolist() == [2, 1, 1]


def test_what_rays_cannot_follow_is_told(plain_planner: Maker, monkeypatch: Any) -> None:
    """It is taken as solid, by its own points too; where nothing else hides, that is a warning."""
    planner = plain_planner(ALL_ROUND, cube=cube())
    truth = view(planner.shot(0), planner)
    assert Keypoints().make(truth, KeypointsConfig()).warnings == ()
    monkeypatch.setattr(type(truth.casting), "follows", lambda *_: False)
    (said,) = Keypoints().make(truth, KeypointsConfig()).warnings
    assert said == "keypoints behind cube are told as hidden: rays cannot follow its opacity"


def test_a_model_without_points_has_none(plain_planner: Maker) -> None:
    planner = plain_planner(ALL_ROUND, cube=shapes.box((SIDE, SIDE, SIDE)))
    (record,) = records_of(view(planner.shot(0), planner), **ON)
    assert (record["keypoints"], record["num_keypoints"], record["keypoints_cam"]) == ([], 0, [])


CATEGORY = {
    "keypoints": [f"p{at}" for at in range(14)],
    "skeleton": [[1, 2], [2, 4]],
}


def stored(truth: ViewTruth, records: list[dict[str, Any]]) -> StoredLabels:
    numbered = [{**each, "category_id": 1} for each in records]
    return StoredLabels(
        {},
        numbered,
        truth.camera.resolution,
        truth.shot,
        truth.camera,
        categories={1: CATEGORY},
    )


def test_wrong_points_are_found(plain_planner: Maker) -> None:
    planner = plain_planner(ALL_ROUND, cube=cube())
    truth = view(planner.shot(1), planner)
    (record,) = records_of(truth, **ON)
    kind, config = LABEL_KINDS.get("keypoints"), KeypointsConfig()

    def said(**changes: Any) -> str:
        changed = stored(truth, [{**record, **changes}])
        return "; ".join(each for _, each in kind.check(changed, truth, config))

    assert said() == ""
    values = record["keypoints"]
    assert "keypoints is" in said(keypoints=[values[0] + 0.5, *values[1:]])
    turned = [3 - value if at % 3 == 2 and value else value for at, value in enumerate(values)]
    assert "keypoints is" in said(keypoints=turned)
    assert "num_keypoints is 3" in said(num_keypoints=3)
    assert "has 3 values, and there are 14 points" in said(keypoints=values[:3])
    assert "none of 0, 1 and 2" in said(keypoints=[*values[:2], 7, *values[3:]])
    fewer = {"keypoints": values[:-3], "keypoints_cam": record["keypoints_cam"][:-1]}
    assert "has 13 keypoints, its category 14" in said(**fewer)


def test_half_a_pixel_is_found(plain_planner: Maker, monkeypatch: Any) -> None:
    """The tests above see it where the points are half a pixel off."""
    real = point_sight.project
    monkeypatch.setattr(point_sight, "project", lambda *given: real(*given) + (0.5, 0, 0))
    with pytest.raises(AssertionError):
        test_pixels_are_those_of_opencv(plain_planner, None)


def test_points_are_drawn_where_they_are(plain_planner: Maker) -> None:
    """A disc where one is seen, a ring where it is hidden, a line between those that belong
    together, and nothing where one is beyond the frame.
    """
    truth_of = {}
    x, y = 40.0, 30.0
    record = {
        "id": 1,
        "instance": 1,
        "category_id": 1,
        "keypoints": [x, y, 2, x + 60, y, 1, 0, 0, 0, x, y + 40, 2],
    }
    canvas = Canvas(Image.new("RGB", (320, 240)), (160, 120), 2)
    given = StoredLabels(truth_of, [record], (160, 120), categories={1: CATEGORY})
    Keypoints().draw(canvas, given)
    pixels = np.array(canvas.picture)
    ink = ImageColor.getrgb(colour_of(1))
    assert tuple(pixels[61, 81]) == ink
    assert tuple(pixels[61, 201]) == (255, 255, 255)  # hollow
    assert tuple(pixels[61, 141]) == ink  # the line between the first two
    assert (pixels[:20] == 0).all()  # nothing at 0, 0
