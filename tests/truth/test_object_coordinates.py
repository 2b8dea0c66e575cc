"""Object coordinates against points that rays by K alone meet on solids on paper."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.truth.canvas import Canvas
from renderer.truth.kind import Labels
from renderer.truth.kinds.object_coordinates import CoordinatesConfig
from renderer.truth.raster import encode_png
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests.truth.formulas import box_truth, rays_of
from tests.truth.labelled import records_of
from tests.truth.solids import SIZE, SOLIDS, Make

KIND = LABEL_KINDS.get("object_coordinates")
# The boxes of the solids: low and high corner.
EXTENT = {
    "box.ply": ([-0.3, -0.2, 0], [0.3, 0.2, 0.8]),
    "sheet.ply": ([-0.5, 0, 0], [0.5, 0, 1]),
}


def made_of(truth: ViewTruth, unit: str = "diagonal") -> Labels:
    return KIND.make(truth, CoordinatesConfig(unit=unit))


def steps_of(truth: ViewTruth, unit: str = "diagonal") -> np.ndarray:
    content = made_of(truth, unit).files["object_coordinates"].content
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


def points_on(view: ViewTruth, depth: np.ndarray, at: int = 0) -> np.ndarray:
    """(h, w, 3) model coordinates of where the rays end, by the formula's depth."""
    entry = view.shot.objects[at]
    to_camera = np.array(view.camera.world_to_camera) @ np.array(entry.model_to_world)
    there = np.where(np.isfinite(depth), depth, 1)[..., None] * rays_of(view.camera)
    back = np.linalg.inv(to_camera)
    return there @ back[:3, :3].T + back[:3, 3]


@pytest.mark.parametrize("unit", ["diagonal", "sides"])
@pytest.mark.parametrize("asset", SOLIDS)
def test_coordinates_of_solids(make: Make, asset: str, unit: str) -> None:
    """To 1e-3 of the cube, as NOCS has it: the diagonal is 1 long and the middle is at 0.5."""
    view = make({"asset": asset, "yaw_deg": 20, "pitch_deg": 10, "scale": 1.7})
    depth, _ = SOLIDS[asset](view.camera, view.shot.objects[0])
    steps = steps_of(view, unit)
    there, both = np.isfinite(depth), np.isfinite(depth) & steps.any(-1)
    assert (there != steps.any(-1)).sum() <= 2
    assert both.sum() > 100
    points = points_on(view, depth)[both]
    if asset in EXTENT:
        low, high = map(np.array, EXTENT[asset])
    else:  # the dome's own box
        facts = view.casting.cache.facts("dome")
        low, high = np.array(facts.minimum), np.array(facts.maximum)
    unit_m = (
        np.linalg.norm(high - low) if unit == "diagonal" else np.where(high > low, high - low, 1)
    )
    share = (points - (low + high) / 2) / unit_m + 0.5
    found = (steps[both] - 1) / 65534
    assert np.abs(found - share)[:, high > low].max() < 1e-3
    (fields,) = made_of(view, unit).objects.values()
    back = np.array(fields.coordinates_origin) + np.array(fields.coordinates_span) * found
    assert np.abs(back - points).max() < 1e-3 * np.linalg.norm(high - low)


def test_poses_are_found_again_by_opencv(make: Make) -> None:
    """From pixels and coordinates alone, solvePnP has the pose of the record."""
    view = make({"asset": "box.ply", "yaw_deg": 20, "pitch_deg": 10, "scale": 1.7})
    (record,) = records_of(view, object_coordinates={})
    steps = steps_of(view)
    rows, columns = np.nonzero(steps.any(-1))
    share = (steps[rows, columns] - 1) / 65534
    points = np.array(record["coordinates_origin"]) + share * record["coordinates_span"]
    pixels = np.column_stack([columns + 0.5, rows + 0.5])
    done, turn, shift = cv2.solvePnP(
        points * record["scale"], pixels, np.array(view.camera.K), None
    )
    assert done
    assert cv2.Rodrigues(turn)[0] == pytest.approx(np.array(record["cam_R_m2c"]), abs=1e-3)
    assert shift.ravel() == pytest.approx(record["cam_t_m2c"], rel=1e-3)


def test_only_labelled_objects_have_some(make: Make) -> None:
    view = make({"asset": "box.ply", "count": 2}, background={"floor": "plain"})
    first, second = view.shot.objects
    plain = second.model_copy(update={"category": None})
    shot = view.shot.model_copy(update={"objects": (first, plain)})
    alone = ViewTruth.of(shot, view.camera, view.casting.cache)
    steps = steps_of(alone)
    assert (steps.any(-1) == (alone.index == first.instance)).all()
    assert (alone.index == second.instance).any()
    assert made_of(alone).objects.keys() == {first.instance}


def test_a_pixel_that_engine_and_rays_give_to_two_has_nothing(make: Make) -> None:
    view = make({"asset": "box.ply", "count": 2})
    index = view.index.copy()
    row, column = np.argwhere(index == 1)[0]
    index[row, column] = 2
    frame = Frame(np.zeros((0, 0, 4), np.float32), index)
    steps = steps_of(ViewTruth.of(view.shot, view.camera, view.casting.cache, frame))
    assert (steps[row, column] == 0).all()
    changed = steps.any(-1) != (view.index > 0)
    assert changed.sum() == 1


def test_any_engine_at_any_number_of_samples_gives_the_same(
    rendered_box: tuple[ViewTruth, ViewTruth],
) -> None:
    view, by_rays = rendered_box
    one, other = steps_of(view), steps_of(by_rays)
    both = one.any(-1) & other.any(-1)
    assert (one[both] == other[both]).all()
    assert (one.any(-1) != other.any(-1)).sum() <= 2
    depth, _ = box_truth(view.camera, view.shot.objects[0])
    share = points_on(view, depth) - [0, 0, 0.4]
    share = share / np.linalg.norm([0.6, 0.4, 0.8]) + 0.5
    known = both & np.isfinite(depth)
    assert np.abs((one[known] - 1) / 65534 - share[known]).max() < 1e-3


def stored_of(view: ViewTruth, content: bytes, change: Any = None) -> StoredLabels:
    records = records_of(view, object_coordinates={})
    if change is not None:
        change(records[0])
    files = {"object_coordinates": content}
    return StoredLabels({}, records, SIZE, view.shot, view.camera, files.__getitem__)


def problems(view: ViewTruth, steps: np.ndarray, change: Any = None) -> list[str]:
    stored = stored_of(view, encode_png(steps), change)
    alone = ViewTruth.of(view.shot, view.camera, view.casting.cache)
    return [said for _, said in KIND.check(stored, alone, CoordinatesConfig())]


def test_faults_are_found(make: Make) -> None:
    view = make({"asset": "box.ply", "count": 2})
    right = steps_of(view)
    assert problems(view, right) == []
    row, column = np.argwhere(view.index == 1).mean(axis=0).astype(int)
    for value in (0, 1, 65535):
        wrong = right.copy()
        wrong[row, column] = value
        assert problems(view, wrong) == [
            "1 pixels of its object_coordinates file disagree with its scene"
        ]
    for wrong in (
        np.roll(right, 1, axis=1),
        np.where(right > 0, np.clip(right.astype(int) + 100, 1, 65535), 0),
        np.where(right > 0, right[..., ::-1], 0),
    ):
        assert len(problems(view, wrong)) == 1
    half = right.copy()
    half[row, column, 1] = 0
    assert problems(view, half) == [
        "its object_coordinates file is wrong: it has pixels of which only some channels are 0"
    ]

    def shifted(record: dict[str, Any]) -> None:
        record["coordinates_origin"][2] += 0.01

    (said,) = problems(view, right, shifted)
    assert said.startswith("coordinates_origin is ")


def test_it_is_drawn_over_the_picture(make: Make) -> None:
    view = make({"asset": "box.ply", "yaw_deg": 0})
    canvas = Canvas(Image.new("RGB", SIZE, (9, 9, 9)), SIZE, 1)
    content = made_of(view).files["object_coordinates"].content
    KIND.draw(canvas, stored_of(view, content))
    drawn, steps = np.array(canvas.picture).astype(float), steps_of(view)
    there = steps.any(-1)
    assert (drawn[~there] == 9).all()
    assert np.abs(drawn[there] - (steps[there] - 1) / 65534 * 255).max() <= 0.5


@pytest.mark.parametrize("unit", ["diagonal", "sides"])
def test_a_model_without_thickness(make: Make, unit: str) -> None:
    steps = steps_of(make({"asset": "sheet.ply", "yaw_deg": 20}), unit)
    values = np.unique(steps[steps.any(-1)][:, 1])
    assert len(values) == 1
    assert values[0] in ((32768,) if unit == "diagonal" else (1,))
