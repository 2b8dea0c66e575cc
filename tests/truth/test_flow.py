"""Flow and tracks between the views of a rig, against OpenCV and geometry on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.errors import UserError
from renderer.plan import Planner
from renderer.recipe import Recipe
from renderer.recipe.load import load_recipe
from renderer.registry import LABEL_KINDS
from renderer.shot.camera import View
from renderer.shot.frame import Frame
from renderer.truth.canvas import Canvas
from renderer.truth.raster import encode_exr
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.formulas import box_truth, rays_of, sheet_truth
from tests.truth.labelled import records_of
from tests.truth.solids import SIZE

FLOW, TRACKS = LABEL_KINDS.get("flow"), LABEL_KINDS.get("tracks")
LOW, HIGH = np.array([-0.3, -0.2, 0]), np.array([0.3, 0.2, 0.8])
ROW = {"orbit": {"steps": 3, "span_deg": 24}}
Views = list[ViewTruth]
Make = Callable[..., Views]


@pytest.fixture
def make(solid_planner: Callable[..., Planner]) -> Make:
    """The truths of the views of a rig."""

    def build(*objects: dict[str, Any], rig: dict[str, Any], **more: Any) -> Views:
        planner = solid_planner(
            {
                "name": "row",
                "images": 3,
                "objects": [{"category": "thing", "resting": False, **each} for each in objects],
                "camera": {
                    "resolution": SIZE,
                    "orbit": {"fill": 0.8, "roll_deg": 15, "azimuth_deg": 40},
                    "rig": rig,
                },
                "accept": {"min_visibility": 0, "max_truncation": 1},
                "background": {"color": "black", "shadows": False},
                **more,
            },
            box=shapes.box((0.6, 0.4, 0.8)),
            sheet=shapes.plane(),
        )
        shot = planner.shot(1)
        return [ViewTruth.of(shot, view.camera, planner.cache) for view in shot.views]

    return build


def flow_of(truth: ViewTruth) -> np.ndarray:
    content = FLOW.make(truth, None).files["flow"].content
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]


def world_points(truth: ViewTruth, depth: np.ndarray) -> np.ndarray:
    """(h, w, 3) where rays by K alone end at some depths."""
    view = np.array(truth.camera.world_to_camera)
    return (rays_of(truth.camera) * depth[..., None] - view[:3, 3]) @ view[:3, :3]


def by_opencv(points: np.ndarray, view: View) -> np.ndarray:
    pose, K = np.array(view.camera.world_to_camera), np.array(view.camera.K)
    found, _ = cv2.projectPoints(points, cv2.Rodrigues(pose[:3, :3])[0], pose[:3, 3], K, None)
    return found[:, 0]


def centres() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(SIZE[0]) + 0.5, np.arange(SIZE[1]) + 0.5), -1)


@pytest.mark.parametrize(("asset", "of"), [("box.ply", box_truth), ("sheet.ply", sheet_truth)])
@pytest.mark.parametrize("at", [0, 1])
def test_flow_of_solids_reprojects(make: Make, asset: str, of: Any, at: int) -> None:
    truth = make({"asset": asset, "yaw_deg": 20, "pitch_deg": 10}, rig=ROW)[at]
    after = truth.shot.views[at + 1]
    flow, depth = flow_of(truth), of(truth.camera, truth.shot.objects[0])[0]
    there = np.isfinite(depth) & (flow[..., 2] > 0)
    assert (np.isfinite(depth) != (flow[..., 2] > 0)).sum() <= 2
    assert there.sum() > 500
    expected = by_opencv(world_points(truth, np.where(there, depth, 1))[there], after)
    off = np.linalg.norm(centres()[there] + flow[there][:, :2] - expected, axis=1)
    assert off.max() < 0.05
    assert np.abs(flow[there][:, :2]).max() > 1
    assert (flow[~np.isfinite(depth) & (truth.index == 0)] == 0).all()


def test_one_box_hides_only_its_own_back(make: Make) -> None:
    """Of a convex solid a point is seen in the next view just if its face looks at that camera."""
    wide = {"orbit": {"steps": 3, "span_deg": 80}}
    truth = make({"asset": "box.ply", "yaw_deg": -25}, rig=wide)[0]
    after = truth.shot.views[1]
    depth, normal = box_truth(truth.camera, truth.shot.objects[0])
    flow = flow_of(truth)
    points = world_points(truth, np.where(np.isfinite(depth), depth, 1))
    to_next = after.camera.position - points
    normal = normal @ np.array(truth.camera.world_to_camera)[:3, :3]
    faces = (normal * to_next).sum(-1) > 0
    there = np.isfinite(depth) & (flow[..., 2] > 0)
    seen = flow[..., 2] == 1
    assert (seen != faces)[there].sum() <= 2  # on the edge that two faces share
    assert (there & ~seen).sum() > 100
    assert (there & seen).sum() > 100


def enters(origin: np.ndarray, towards: np.ndarray, entry: Any) -> np.ndarray:
    """(n,) at which share of the way from a point to others (n, 3) a box is entered, by slabs."""
    back = np.linalg.inv(np.array(entry.model_to_world))
    start = back[:3, :3] @ origin + back[:3, 3]
    way = towards @ back[:3, :3].T + back[:3, 3] - start
    ends = np.stack([(LOW - start) / way, (HIGH - start) / way])
    enter, leave = ends.min(0).max(-1), ends.max(0).min(-1)
    return np.where((enter <= leave) & (enter > 0), enter, np.inf)


def test_what_is_hidden_or_beyond_the_frame_there(make: Make) -> None:
    """Of two boxes on a floor, the nearer before the other: each point by slabs."""
    boxes = (
        {"asset": "box.ply", "position_m": [0, 0, 0], "yaw_deg": 5, "resting": True},
        {"asset": "box.ply", "position_m": [0.3, -0.9, 0], "yaw_deg": 30, "resting": True},
    )
    orbit = {"azimuth_deg": 0, "elevation_deg": 15, "fill": 0.9}
    camera = {"resolution": SIZE, "orbit": orbit, "rig": ROW}
    truth = make(*boxes, rig=ROW, camera=camera, background={"floor": "plain"})[0]
    after, flow = truth.shot.views[1], flow_of(truth)
    there = np.isfinite(truth.depth) & (flow[..., 2] > 0)
    points = world_points(truth, np.where(there, truth.depth, 1))[there].astype(float)
    first = np.min(
        [enters(after.camera.position, points, each) for each in truth.shot.objects], axis=0
    )
    place = by_opencv(points, after)
    inside = ((place >= 0) & (place < SIZE)).all(1)
    seen = (first > 1 - 1e-4) & inside
    assert ((flow[there][:, 2] == 1) != seen).sum() <= 3
    floor = (truth.index == 0)[there]
    for group in (floor & ~seen & inside, ~floor & ~seen & inside, floor & seen, ~inside):
        assert group.sum() > 20
    moved = centres()[there] + flow[there][:, :2]
    assert np.linalg.norm(moved - place, axis=1).max() < 0.05


def test_flow_of_a_stereo_pair_is_its_disparity(make: Make) -> None:
    left, right = make({"asset": "sheet.ply"}, rig={"stereo": {"baseline_m": 0.1}})
    focal = left.camera.K[0][0]
    for truth, sign in ((left, -1), (right, 1)):
        flow, there = flow_of(truth), truth.index > 0
        disparity = sign * focal * 0.1 / truth.depth[there]
        assert flow[there][:, 0] == pytest.approx(disparity, abs=6e-4)
        assert np.abs(flow[there][:, 1]).max() == 0
    assert FLOW.make(left, None).image.flow_to == "right"
    assert FLOW.make(right, None).image.flow_to == "left"


def test_a_circle_closes_and_a_row_ends(make: Make) -> None:
    box = {"asset": "box.ply"}
    circle = make(box, rig={"orbit": {"steps": 4, "span_deg": 360}})
    assert [FLOW.make(each, None).image.flow_to for each in circle] == ["01", "02", "03", "00"]
    assert (flow_of(circle[-1])[..., 2] == 1).any()
    *_, last = make(box, rig=ROW)
    assert FLOW.make(last, None).image.flow_to is None
    assert (flow_of(last) == 0).all()


def test_any_engine_gives_the_same(make: Make) -> None:
    truth = make({"asset": "box.ply"}, rig=ROW)[0]
    frame = Frame(np.zeros((0, 0, 4), np.float32), truth.index)
    other = ViewTruth.of(truth.shot, truth.camera, truth.casting.cache, frame)
    assert (flow_of(truth) == flow_of(other)).all()


def problems(truth: ViewTruth, flow: np.ndarray, to: str | None = "01") -> list[str]:
    files = {"flow": encode_exr(flow)}
    image = {"flow_to": to, "shot": 1}
    stored = StoredLabels(
        image, records_of(truth), SIZE, truth.shot, truth.camera, files.__getitem__
    )
    alone = ViewTruth.of(truth.shot, truth.camera, truth.casting.cache)
    return [said for _, said in FLOW.check(stored, alone, None)]


def test_faults_are_found(make: Make) -> None:
    truth = make({"asset": "box.ply", "count": 2}, rig=ROW, background={"floor": "plain"})[0]
    right = flow_of(truth)
    assert problems(truth, right) == []
    row, column = np.argwhere(truth.index == 1).mean(axis=0).astype(int)
    for channel, value in ((0, right[row, column, 0] + 9), (1, 99), (2, 0)):
        wrong = right.copy()
        wrong[row, column, channel] = value
        assert problems(truth, wrong) == ["1 pixels of its flow file disagree with its scene"]
    for wrong in (right + np.float32([0.05, 0, 0]), right * np.float32([-1, -1, 1])):
        (said,) = problems(truth, wrong)
        assert said.endswith("pixels of its flow file disagree with its scene")
    assert problems(truth, right, "02") == ["flow_to is 02, its shot says 01"]
    nan = right.copy()
    nan[0, 0, 0] = np.nan
    assert problems(truth, nan) == ["its flow file is wrong: it has values that are no numbers"]
    assert problems(truth, right * np.float32([1, 1, 2])) == [
        "its flow file is wrong: its blue channel has other values than 0, 0.5 and 1"
    ]
    assert problems(truth, right[..., 0]) == [
        "its flow file is wrong: it has one channel, and should have three"
    ]


def test_it_is_drawn_by_direction_and_strength(make: Make) -> None:
    """Right is red and left is cyan; what does not move is white, and nothing is black."""
    flow = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    flow[:, :20] = (10, 0, 1)
    flow[:, 20:40] = (-10, 0, 1)
    flow[:, 40:60] = (0, 0, 1)
    flow[:, 60:80] = (10, 0, 0.5)
    files = {"flow": encode_exr(flow)}
    canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
    FLOW.draw(canvas, StoredLabels({}, [], SIZE, read=files.__getitem__))
    drawn = np.array(canvas.picture)[5]
    colours = [(255, 0, 0), (0, 255, 255), (255, 255, 255), (110, 0, 0), (0, 0, 0)]
    for column, colour in zip((5, 25, 45, 65, 90), colours, strict=True):
        assert np.abs(drawn[column].astype(int) - colour).max() <= 1


def test_flow_needs_a_rig(tmp_path: Any) -> None:
    path = tmp_path / "r.yaml"
    (tmp_path / "box.ply").touch()
    path.write_text(
        "name: r\nimages: 1\nobjects: [{asset: box.ply, category: a}]\nlabels:\n  flow: true\n"
    )
    with pytest.raises(
        UserError, match=r"r.yaml:5:\d+: labels.flow: true: flow labels lead from one"
    ):
        load_recipe(path)


def test_tracks_are_the_same_in_all_views_and_unique_in_a_dataset(
    make: Make, solid_planner: Callable[..., Planner]
) -> None:
    views = make({"asset": "box.ply", "count": 2}, rig=ROW)
    by_view = [TRACKS.make(truth, None).objects for truth in views]
    assert {each: fields.track_id for each, fields in by_view[0].items()} == {
        1: 32769,
        2: 32770,
    }
    assert by_view[0] == by_view[1] == by_view[2]
    recipe = Recipe.model_validate(
        {"name": "a", "images": 1, "objects": [{"asset": "box.ply", "category": "a"}]}
    )
    assert not recipe.labels.on.keys() & {"tracks", "flow"}
    truth = views[0]
    records = [{**each, "category_id": 1} for each in records_of(truth, tracks={})]
    stored = StoredLabels({"shot": 1}, records, SIZE, truth.shot, truth.camera)
    assert list(TRACKS.check(stored, None, None)) == []
    records[1]["track_id"] = records[0]["track_id"]
    assert [said for _, said in TRACKS.check(stored, None, None)] == [
        "track_id is 32769, its object's is 32770"
    ]


def test_tracks_have_one_colour_in_all_views(make: Make) -> None:
    drawn = []
    for truth in make({"asset": "box.ply", "count": 2}, rig=ROW):
        records = records_of(truth, tracks={})
        canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
        TRACKS.draw(canvas, StoredLabels({}, records, SIZE))
        picture = np.array(canvas.picture).astype(int)
        drawn.append([picture[truth.index == each].max(0).tolist() for each in (1, 2)])
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0][0] != drawn[0][1]
