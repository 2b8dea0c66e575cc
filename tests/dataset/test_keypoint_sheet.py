"""The picture that keypoints are placed by: what stands where, and what is said of it."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from renderer.asset import Geometry
from renderer.dataset.keypoint_sheet import SheetPoint, _ticks, candidates, keypoint_sheet
from renderer.dataset.model_views import SIDES, ModelView, Side
from renderer.geometry.raycast import Tracer
from renderer.geometry.spread import spread_points
from tests import shapes
from tests.conftest import orbitset

SIZE = (0.6, 0.4, 0.8)
CORNERS = np.array(list(itertools.product((-0.3, 0.3), (-0.2, 0.2), (0, 0.8))))
# Which axis runs to the right, which upwards, and from which end of which axis it is seen.
MEANING = {
    "front": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "right": ((0, 1, 0), (0, 0, 1), (1, 0, 0)),
    "back": ((-1, 0, 0), (0, 0, 1), (0, 1, 0)),
    "left": ((0, -1, 0), (0, 0, 1), (-1, 0, 0)),
    "top": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "bottom": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
}


@pytest.fixture(scope="module")
def box() -> Geometry:
    points, faces = shapes.box(SIZE)
    corners = points.astype(np.float32)
    return Geometry(corners, faces, corners, np.empty((0, 3), np.int32))


def view_of(side: Side) -> ModelView:
    return ModelView(side, np.array([0, 0, 0.4]), 400.0, 400)


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_a_side_is_seen_where_its_rulers_say(side: Side, box: Geometry) -> None:
    right, up, eye = (np.array(axis) for axis in MEANING[side.name])
    view, tracer = view_of(side), Tracer(box)
    moved = CORNERS - (0, 0, 0.4)
    expected = np.column_stack([200 + 400 * moved @ right, 200 - 400 * moved @ up])
    places = view.place(CORNERS)
    assert places == pytest.approx(expected, abs=1e-9)
    assert (view.hidden(tracer, CORNERS, 0.004) == (moved @ eye < 0)).all()
    drawn = (view.picture(tracer, box) < 250).any(axis=2)
    rows, columns = np.nonzero(drawn)
    (left, top), (beyond, below) = expected.min(axis=0), expected.max(axis=0)
    assert (columns.min(), rows.min()) == pytest.approx((left, top), abs=1)
    assert (columns.max() + 1, rows.max() + 1) == pytest.approx((beyond, below), abs=1)
    assert drawn[round(top) + 1 : round(below) - 1, round(left) + 1 : round(beyond) - 1].all()


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_ticks_of_rulers_are_where_such_points_are(side: Side) -> None:
    right, up, _ = (np.array(axis) for axis in MEANING[side.name])
    view = view_of(side)
    for axis, direction, column, way in ((side.right, right, 0, 1), (side.up, up, 1, -1)):
        ticks = list(_ticks(view, axis))
        assert len(ticks) >= 5
        assert np.diff([value for value, _ in ticks]) == pytest.approx(0.1)
        for value, along in ticks:
            (place,) = view.place(
                np.array([np.abs(direction) * value]) + view.middle * (direction == 0)
            )
            assert place[column] == pytest.approx(200 + way * along)


def test_points_that_lie_far_apart_come_first() -> None:
    some = np.random.default_rng(0).uniform(-0.1, 0.1, (500, 3))
    tips = np.array([[1.0, 0, 0], [-1, 0, 0], [0, 0.9, 0], [0, -0.9, 0], [0, 0, 0.8]])
    found = spread_points(np.vstack([some, tips]), 5)
    assert sorted(map(tuple, found)) == sorted(map(tuple, tips))
    assert len(spread_points(np.zeros((7, 3)), 5)) == 1


def test_corners_are_proposed_but_where_points_are(box: Geometry) -> None:
    found = candidates(box, 24)
    assert sorted(found) == sorted(map(tuple, CORNERS.round(4).tolist()))
    rest = candidates(box, 24, [found[0]])
    assert sorted([found[0], *rest]) == sorted(found)
    assert candidates(box, 0) == []


def test_the_sheet_is_the_same_each_time_and_shows_its_points(box: Geometry) -> None:
    bare = np.asarray(keypoint_sheet("box", box, ()))
    points = [SheetPoint("1 чашка", (0.3, -0.2, 0.8)), SheetPoint("c1", (0.0, 0.0, 0.8), False)]
    one, other = (np.asarray(keypoint_sheet("box", box, points, [(0, 1)])) for _ in range(2))
    assert (one == other).all()
    height = min(len(one), len(bare)) - 60
    assert (one[:height] != bare[:height]).any(axis=2).sum() > 500


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "my box.ply"
    return shapes.write_ply(path, *shapes.box(SIZE))


def test_the_command_writes_a_file_that_is_taken(model: Path, tmp_path: Path) -> None:
    picture = tmp_path / "box.png"
    done = orbitset("asset", "keypoints", model, "-o", picture, "--template", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert Image.open(picture).width > 1500
    assert said["picture"] == str(picture)
    assert said["keypoints"] is None
    places = np.array(list(said["candidates"].values()))
    assert sorted(map(tuple, places)) == sorted(map(tuple, CORNERS.tolist()))
    sidecar = Path(said["template"])
    assert sidecar == model.with_name("my box.keypoints.yaml")
    assert yaml.safe_load(sidecar.read_text())["points"] == said["candidates"]

    again = orbitset("asset", "keypoints", model, "-o", picture, "--template")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    text = "points:\n  a: [0.3, 0.2, 0]\n  'é 1': {at: [0, 0, 0.4], inside_m: 0.2}\n"
    sidecar.write_text(text + "skeleton: [[a, é 1]]\nflips: [[a, é 1]]\n")
    done = orbitset("asset", "keypoints", model, "-o", picture, "--template", "--force", "--json")
    assert done.returncode == 0, done.stderr
    expected = {
        "points": {
            "a": {"at": [0.3, 0.2, 0], "inside_m": 0},
            "é 1": {"at": [0, 0, 0.4], "inside_m": 0.2},
        },
        "skeleton": [["a", "é 1"]],
        "flips": [["a", "é 1"]],
    }
    assert json.loads(done.stdout)["keypoints"] == expected
    # What it has written says the same.
    told = orbitset("asset", "inspect", model, "--no-thumbnail", "--json")
    assert json.loads(told.stdout)["models"][0]["keypoints"] == expected
    assert "keypoints  2: a, é 1" in orbitset("asset", "inspect", model, "--no-thumbnail").stdout


def test_a_template_says_how_the_model_is_read(tmp_path: Path) -> None:
    path = shapes.write_ply(tmp_path / "box.ply", *shapes.box((600, 400, 800)))
    how = ("--unit", "mm", "--up-axis", "y")
    picture = tmp_path / "p.png"
    done = orbitset("asset", "keypoints", path, *how, "-o", picture, "--template")
    assert done.returncode == 0, done.stderr
    assert "read_as: {unit: mm, up_axis: y}" in (tmp_path / "box.keypoints.yaml").read_text()
    done = orbitset("asset", "keypoints", path, *how, "-o", picture, "--json")
    assert len(json.loads(done.stdout)["keypoints"]["points"]) == 8
    bare = orbitset("asset", "keypoints", path, "-o", picture)
    assert bare.returncode == 2
    assert "read_as.unit: these points are of the model read with unit: mm" in bare.stderr


def test_what_is_refused(model: Path, tmp_path: Path) -> None:
    for arguments, said in (
        ([tmp_path / "none.ply"], "no such file"),
        ([model, "-o", tmp_path / "p.txt"], "must end in .png"),
        ([model, "--unit", "yd"], "--unit yd is not one of"),
        ([model, "-o", "s3://bucket/p.png"], "a local file"),
    ):
        done = orbitset("asset", "keypoints", *arguments)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
