"""Boxes in space against OpenCV, with and without distortion, and on paper."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.geometry.distortion import Distortion
from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Canvas
from renderer.truth.kinds.boxes3d import box3d_of
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests.truth.labelled import records_of
from tests.truth.solids import SIZE, Make

KIND = LABEL_KINDS.get("boxes3d")
K = ((500.0, 0.0, 322.0), (0.0, 510.0, 239.0), (0.0, 0.0, 1.0))
LEVEL = ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, -1.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
LENSES = [
    None,
    Distortion(model="brown", coefficients=(-0.31, 0.11, 0.002, -0.001)),
    Distortion(model="brown", coefficients=(-0.3, 0.1, 0.001, 0.002, -0.01, 0.1, 0.02, 0.003)),
    Distortion(model="fisheye", coefficients=(0.05, -0.02, 0.004, -0.001)),
]


def seen(view: ViewTruth, **camera: Any) -> dict[str, Any]:
    (entry,) = view.shot.objects
    changed = view.camera.model_copy(update=camera)
    facts = view.casting.cache.facts(entry.asset)
    return box3d_of(changed, entry, facts).model_dump(mode="json")


def by_opencv(points: np.ndarray, lens: Distortion | None) -> np.ndarray:
    """Pixels of camera-frame points, in our count of pixels: K is ours, and so is what comes out."""
    still, bent = np.zeros(3), None if lens is None else np.array(lens.coefficients)
    if lens is not None and lens.model == "fisheye":
        found, _ = cv2.fisheye.projectPoints(points[:, None], still, still, np.array(K), bent)
        return found[:, 0]
    return cv2.projectPoints(points, still, still, np.array(K), bent)[0][:, 0]


@pytest.mark.parametrize("lens", LENSES)
def test_corners_are_opencvs(make: Make, lens: Distortion | None) -> None:
    """Of a box of 0.6 x 0.4 x 0.8 at twice its size whose corners are known, some off the frame."""
    view = make({"asset": "box.ply", "scale": 2.0, "yaw_deg": 35, "pitch_deg": 20})
    record = seen(view, K=K, resolution=(640, 480), distortion=lens)
    (entry,) = view.shot.objects
    left, right, front, back, top, bottom = -0.3, 0.3, -0.2, 0.2, 0.8, 0.0
    model = [
        *((left, front, top), (right, front, top), (right, front, bottom), (left, front, bottom)),
        *((left, back, top), (right, back, top), (right, back, bottom), (left, back, bottom)),
    ]
    to_camera = np.array(view.camera.world_to_camera) @ np.array(entry.model_to_world)
    points = np.array(model) @ to_camera[:3, :3].T + to_camera[:3, 3]
    found = np.array(record["box3d_corners"], float)
    assert found[:, :2] == pytest.approx(by_opencv(points, lens), abs=1e-4)
    assert found[:, 2] == pytest.approx(points[:, 2], abs=1e-6)
    assert record["box3d_size"] == pytest.approx([1.2, 0.8, 1.6], abs=1e-6)
    assert record["box3d_center"] == pytest.approx(points.mean(0), abs=1e-6)


def test_a_box_on_paper(make: Make) -> None:
    """Seen from the front at 5 m: v0 is the left upper corner of the near side."""
    view = make(
        {"asset": "box.ply", "yaw_deg": 0, "position_m": [0, 5, 0], "resting": True},
        camera={"resolution": SIZE, "orbit": {"elevation_deg": 0, "azimuth_deg": 0}},
    )
    record = seen(view, K=K, resolution=(640, 480), world_to_camera=LEVEL)
    first, second, third, *_ = record["box3d_corners"]
    assert first == pytest.approx([322 - 500 * 0.3 / 4.8, 239 - 510 * 0.8 / 4.8, 4.8], abs=1e-4)
    assert second == pytest.approx([322 + 500 * 0.3 / 4.8, 239 - 510 * 0.8 / 4.8, 4.8], abs=1e-4)
    assert third == pytest.approx([322 + 500 * 0.3 / 4.8, 239, 4.8], abs=1e-4)
    assert record["box3d_corners"][4] == pytest.approx(
        [322 - 500 * 0.3 / 5.2, 239 - 510 * 0.8 / 5.2, 5.2], abs=1e-4
    )


def test_corners_behind_the_camera_have_no_pixels(make: Make) -> None:
    view = make({"asset": "box.ply", "yaw_deg": 0, "position_m": [0, 0.1, 0]})
    record = seen(view, K=K, resolution=(640, 480), world_to_camera=LEVEL)
    front, back = record["box3d_corners"][:4], record["box3d_corners"][4:]
    assert all(corner[:2] == [None, None] for corner in front)
    assert [corner[2] for corner in front] == pytest.approx([-0.1] * 4, abs=1e-6)
    assert [corner[0] for corner in back] == pytest.approx(
        [322 - 500, 322 + 500, 322 + 500, 322 - 500], abs=1e-3
    )


@pytest.mark.parametrize("lens", LENSES[1:])
def test_corners_beyond_the_fold_have_no_pixels(make: Make, lens: Distortion) -> None:
    """Where the way out from the axis, by OpenCV, first goes no farther is found by walking it."""
    lens = lens.model_copy(
        update={"coefficients": (-0.31, 0.0, *([0.0] * (len(lens.coefficients) - 2)))}
    )
    radii = np.linspace(0.01, 3.0, 30_000)
    walk = np.column_stack([radii, 0 * radii, 0 * radii + 1])
    fold = radii[np.argmax(np.diff(by_opencv(walk, lens)[:, 0]) <= 0)]
    assert fold < 2.9
    for place, folded in ((fold * 0.999, False), (fold * 1.001, True), (fold * 1.5, True)):
        for turn in np.linspace(0, 6, 7):
            point = np.array([[place * math.cos(turn), place * math.sin(turn)]])
            assert lens.folds(point).tolist() == [folded], (place, turn)
    far = fold * 1.2 * 5  # 1.2 folds off the axis at a depth of 5
    view = make({"asset": "box.ply", "yaw_deg": 0, "position_m": [far, 5, 0]})
    record = seen(view, K=K, resolution=(640, 480), world_to_camera=LEVEL, distortion=lens)
    assert all(corner[:2] == [None, None] for corner in record["box3d_corners"])
    assert all(corner[2] > 0 for corner in record["box3d_corners"])


def test_beyond_a_fold_the_way_out_is_none_again() -> None:
    """r (1 - 0.31 r^2 + 0.04 r^4) falls from 1.3 to 1.7 only: what is at 1.85 is at 1.2, too."""
    lens = Distortion(model="brown", coefficients=(-0.31, 0.04, 0, 0))
    place = np.array([[1.85, 0]])
    nearer = np.linspace(0, 1.3, 10_000)
    same = by_opencv(np.column_stack([nearer, 0 * nearer, 0 * nearer + 1]), lens)[:, 0]
    assert np.abs(same - (lens.distorted(place)[0, 0] * 500 + 322)).min() < 1
    assert lens.folds(np.array([[1.29, 0], [1.31, 0], [1.73, 0], [1.85, 0]])).tolist() == [
        *(False, True, True, True)
    ]


def test_tangential_terms_fold_too() -> None:
    """Nowhere that it says does not fold do two neighbours swap sides (the area they span)."""
    lens = Distortion(model="brown", coefficients=(-0.2, 0.02, 0.05, -0.08))
    points = np.random.default_rng(1).uniform(-2, 2, (4000, 2))
    here, right, down = (lens.distorted(points + step) for step in ([0, 0], [1e-5, 0], [0, 1e-5]))
    turned = np.linalg.det(np.stack([right - here, down - here], axis=1)) <= 0
    assert not (turned & ~lens.folds(points)).any()
    assert 0.1 < lens.folds(points).mean() < 0.9


def stored_of(view: ViewTruth, records: list[dict[str, Any]]) -> StoredLabels:
    camera = view.camera.model_dump(mode="json")
    return StoredLabels({"id": 1, "camera": camera}, records, SIZE, view.shot, view.camera)


@pytest.mark.parametrize("with_models", [True, False])
def test_faults_are_found(make: Make, with_models: bool) -> None:
    view = make({"asset": "box.ply", "count": 2})
    alone = ViewTruth.of(view.shot, view.camera, view.casting.cache) if with_models else None

    def problems(change: Any = None) -> list[str]:
        records = records_of(view, boxes3d={})
        if change is not None:
            change(records[1])
        stored = stored_of(view, records)
        return [f"{record['id']} {said}" for record, said in KIND.check(stored, alone, None)]

    def half_a_pixel(record: dict[str, Any]) -> None:
        record["box3d_corners"][3][0] += 0.5

    def longer(record: dict[str, Any]) -> None:
        record["box3d_size"][0] *= 1.01

    def swapped(record: dict[str, Any]) -> None:
        record["box3d_corners"] = record["box3d_corners"][::-1]

    def behind(record: dict[str, Any]) -> None:
        record["box3d_corners"][0][:2] = [None, None]

    assert problems() == []
    for change in (half_a_pixel, longer, swapped, behind):
        (said,) = problems(change)
        assert said.startswith("2 box3d_")


@pytest.mark.parametrize("lens", [LENSES[0], LENSES[1]])
def test_edges_are_drawn_where_they_are(make: Make, lens: Distortion | None) -> None:
    view = make({"asset": "box.ply", "yaw_deg": 25})
    (record,) = records_of(view, boxes3d={})
    record["category_id"] = 1
    camera = view.camera.model_copy(update={"distortion": lens})
    stored = StoredLabels({"camera": camera.model_dump(mode="json")}, [record], SIZE)
    canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
    KIND.draw(canvas, stored)
    drawn = np.array(canvas.picture).any(-1)
    middles = np.array(record["box3d_center"])[None]
    (front,) = view.camera.model_copy(
        update={"world_to_camera": tuple(map(tuple, np.eye(4).tolist())), "distortion": lens}
    ).project(middles - 0.5 * record["box3d_size"][1] * np.array(record["cam_R_m2c"])[:, 1])
    x, y = (int(n) for n in front[:2])
    assert drawn[y - 1 : y + 2, x - 1 : x + 2].any()  # the cross of the front
    ends = box3d_of(camera, view.shot.objects[0], view.casting.cache.facts("box"))
    for corner in ends.box3d_corners:
        x, y = int(corner[0] or 0), int(corner[1] or 0)
        if 1 <= x < SIZE[0] - 1 and 1 <= y < SIZE[1] - 1:
            assert drawn[y - 1 : y + 2, x - 1 : x + 2].any()


def test_a_box_around_the_camera_is_drawn(make: Make) -> None:
    view = make({"asset": "box.ply", "yaw_deg": 0, "position_m": [0.1, 0.1, -0.4]})
    wide = ((20.0, 0.0, 48.0), (0.0, 20.0, 36.0), (0.0, 0.0, 1.0))
    inside = view.camera.model_copy(update={"world_to_camera": LEVEL, "K": wide})
    record = box3d_of(inside, view.shot.objects[0], view.casting.cache.facts("box"))
    turn = (inside.pose @ np.array(view.shot.objects[0].model_to_world))[:3, :3].tolist()
    stored = StoredLabels(
        {"camera": inside.model_dump(mode="json")},
        [{**record.model_dump(mode="json"), "cam_R_m2c": turn, "category_id": 1}],
        SIZE,
    )
    canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
    KIND.draw(canvas, stored)
    assert 20 < np.array(canvas.picture).any(-1).sum() < 2000
