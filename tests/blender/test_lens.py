"""Pictures and labels through lenses that bend: Cycles against OpenCV's forward models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from renderer.geometry.overscan import through_lens
from renderer.plan import PlanError, Planner
from renderer.shot.camera import Camera
from renderer.shot.shot import Shot
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.geometry.test_lens import by_opencv
from tests.truth.labelled import labels_of, problems_of
from tests.truth.test_analytic import PLAIN

Maker = Callable[..., Planner]
LENSES = {
    "barrel": (150, {"brown": {"k1": -0.3, "k2": 0.1, "p1": 0.003, "p2": -0.002}}),
    "pincushion": (190, {"brown": {"k1": 0.2, "k2": 0.05}}),
    "fisheye": (120, {"fisheye": {"k1": 0.03, "k2": -0.01}}),
}
_CELLS, _CELL = (9, 7), 0.1


@pytest.fixture(scope="module")
def board(solids: Any) -> str:
    """Every other square of a board, so that what is between them is seen through."""
    points, faces = [], []
    for row in range(_CELLS[1]):
        for column in range(_CELLS[0]):
            if (row + column) % 2 == 0:
                x, z, at = column * _CELL, row * _CELL, len(points)
                points += [(x + a * _CELL, 0, z + b * _CELL) for a, b in _SQUARE]
                faces += [(at, at + 1, at + 2), (at, at + 2, at + 3)]
    shapes.write_ply(solids / "board.ply", np.array(points), np.array(faces))
    return "board.ply"


_SQUARE = ((0, 0), (1, 0), (1, 1), (0, 1))


def recipe(lens: str, asset: str, **more: Any) -> dict[str, Any]:
    (focal, distortion), finer = LENSES[lens], more.pop("finer", 1)
    return {
        **PLAIN,
        "objects": [
            {"asset": asset, "category": "thing", "resting": False, "scale": 0.3, "yaw_deg": 0}
        ],
        "camera": {
            "resolution": [240 * finer, 180 * finer],
            "intrinsics": {
                "resolution": [240, 180],
                "fx": focal,
                "fy": focal * 1.05,
                "cx": 124.3,
                "cy": 86.1,
            },
            "distortion": distortion,
            "orbit": {"fill": 0.3, "framing": [0.9, -0.9], **more.pop("orbit", {})},
        },
        "background": {"color": "black", "shadows": False},
        **more,
    }


def pixels_of(camera: Camera, points: np.ndarray) -> np.ndarray:
    """OpenCV's, of points (n, 3) in the world."""
    there = points @ camera.pose[:3, :3].T + camera.pose[:3, 3]
    assert camera.distortion is not None
    return by_opencv(there, camera.intrinsics, camera.distortion)


def ball_outline(shot: Shot) -> np.ndarray:
    """The image (n, 2) of the circle along which rays touch the unit ball, which has a label."""
    camera, (entry,) = shot.views[0].camera, shot.objects
    center = np.array(entry.model_to_world)[:3, 3]
    away = camera.position - center
    far, radius = np.linalg.norm(away), entry.scale
    axis = away / far
    one = np.cross(axis, [0.3, 0.5, 0.81])
    one /= np.linalg.norm(one)
    two, turn = np.cross(axis, one), np.linspace(0, 2 * np.pi, 2000, endpoint=False)[:, None]
    circle = radius * np.sqrt(1 - (radius / far) ** 2)
    points = center + radius**2 / far * axis + circle * (np.cos(turn) * one + np.sin(turn) * two)
    return pixels_of(camera, points)


def sides(outline: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How far inside an outline each pixel centre is (h, w), in pixels."""
    contour = outline.astype(np.float32)[:, None]
    rows, columns = np.mgrid[: size[1], : size[0]] + 0.5
    # Far from it a box is enough.
    (left, top), (right, bottom) = outline.min(0) - 3, outline.max(0) + 3
    found = np.full((size[1], size[0]), -3.0)
    near = (columns > left) & (columns < right) & (rows > top) & (rows < bottom)
    for y, x in np.argwhere(near):
        found[y, x] = cv2.pointPolygonTest(contour, (x + 0.5, y + 0.5), True)
    return found


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("place", [[1.0, -1.0], [-1.0, 1.0]])
def test_a_ball(make_planner: Maker, scene_renderer: Any, lens: str, place: list[float]) -> None:
    """Its mask to a hundredth of a pixel, its picture to a tenth, also in the corners."""
    planner = make_planner(
        recipe(
            lens,
            "fine_ball.ply",
            orbit={"fill": 0.35, "framing": place},
            render={**PLAIN["render"], "samples": 16},
        )
    )
    shot = planner.shot(0)
    camera = shot.views[0].camera
    outline = ball_outline(shot)
    assert (np.ptp(outline, axis=0) / (240, 180)).max() == pytest.approx(0.35, abs=1e-4)
    (frame,) = scene_renderer.render(shot)
    assert frame.index is None
    truth = ViewTruth.of(shot, camera, planner.cache, frame)
    (label,) = labels_of(truth)
    inside = sides(outline, camera.resolution)
    sure = np.abs(inside) > 0.01
    assert (label.visible[sure] == (inside[sure] > 0)).all()
    assert (label.amodal == label.visible).all()
    assert (~sure).sum() <= 12
    low, high = outline.min(0), outline.max(0)
    x, y, w, h = label.amodal_box
    assert [x, y, x + w, y + h] == pytest.approx([*low, *high], abs=1)
    assert not problems_of(truth)
    # What covers the picture, by the same outline drawn sixteen times as large.
    cover = through_lens(frame.color, camera.K, camera.resolution, camera.distortion)[..., 3]
    canvas = np.zeros((180 * 16, 240 * 16), np.uint8)
    cv2.fillPoly(canvas, [np.rint(outline * 16 * 16 - 8).astype(np.int32)], 255, shift=4)
    expected = cv2.resize(canvas, (240, 180), interpolation=cv2.INTER_AREA) / 255
    assert cover.sum() == pytest.approx(expected.sum(), rel=0.01)
    rows, columns = np.mgrid[:180, :240] + 0.5
    for grid in (rows, columns):
        where = [(grid * each).sum() / each.sum() for each in (cover, expected)]
        assert where[0] == pytest.approx(where[1], abs=0.05)


@pytest.mark.parametrize("lens", LENSES)
def test_a_board(make_planner: Maker, scene_renderer: Any, board: str, lens: str) -> None:
    """Its corners stand in the picture where OpenCV has them, to a tenth of a pixel, 19 of 20."""
    planner = make_planner(
        recipe(
            lens,
            board,
            orbit={"fill": 0.98, "framing": [0, 0], "azimuth_deg": 8, "elevation_deg": 5},
            render={**PLAIN["render"], "samples": 128},
            finer=2,
        )
    )
    shot = planner.shot(0)
    camera, (entry,) = shot.views[0].camera, shot.objects
    crossings = np.array(
        [[x, 0, z] for x in range(1, _CELLS[0]) for z in range(1, _CELLS[1])], float
    )
    to_world = np.array(entry.model_to_world)
    world = crossings * _CELL @ to_world[:3, :3].T + to_world[:3, 3]
    theirs = pixels_of(camera, world)
    (frame,) = scene_renderer.render(shot)
    cover = through_lens(frame.color, camera.K, camera.resolution, camera.distortion)[..., 3]
    grey = np.rint(np.clip(cover, 0, 1) * 255).astype(np.uint8)
    steps = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-4)
    start = (theirs - 0.5).astype(np.float32)[:, None]
    found = cv2.cornerSubPix(grey, start.copy(), (7, 7), (-1, -1), steps)[:, 0] + 0.5
    off = np.linalg.norm(found - theirs, axis=1)
    assert len(off) == 48
    assert np.median(off) < 0.08
    # Path tracing's noise moves single corners; all together they are where they should be.
    assert np.abs((found - theirs).mean(axis=0)).max() < 0.03
    assert np.quantile(off, 0.95) < 0.1
    assert off.max() < 0.15
    # And the centres of squares are in it, and those of holes are not.
    truth = ViewTruth.of(shot, camera, planner.cache, frame)
    cells = np.array([[x, z] for x in range(_CELLS[0]) for z in range(_CELLS[1])])
    middles = np.column_stack([cells[:, 0] + 0.5, 0 * cells[:, 0], cells[:, 1] + 0.5]) * _CELL
    there = pixels_of(camera, middles @ to_world[:3, :3].T + to_world[:3, 3]).astype(int)
    assert (truth.index[there[:, 1], there[:, 0]] == (cells.sum(1) % 2 == 0)).all()


@pytest.mark.parametrize("lens", LENSES)
def test_no_rim(make_planner: Maker, scene_renderer: Any, lens: str) -> None:
    """A white world is white to the last pixel of every corner."""
    planner = make_planner(recipe(lens, "ball.ply", background={"world": True}))
    shot = planner.shot(0)
    camera = shot.views[0].camera
    (frame,) = scene_renderer.render(shot)
    made = through_lens(frame.color, camera.K, camera.resolution, camera.distortion)
    empty = ViewTruth.of(shot, camera, planner.cache, frame).index == 0
    empty = cv2.erode(empty.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    assert made[..., :3][empty] == pytest.approx(1, abs=1e-3)
    corners = empty[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.sum() >= 3


def test_what_folds_is_refused(make_planner: Maker) -> None:
    folding = recipe("barrel", "ball.ply")
    folding["camera"]["distortion"] = {"brown": {"k1": {"uniform": [-0.9, 0]}}}
    with pytest.raises(ValueError, match=r"coefficients -0.9, .* folds back within the frame"):
        make_planner(folding)
    # Tangential terms are looked at when images are planned.
    folding["camera"]["distortion"] = {"brown": {"k1": -0.3, "k2": 0.1, "p1": 0.2, "p2": 0.2}}
    with pytest.raises(PlanError, match="distortion: the lens folds back"):
        make_planner(folding).shot(0)
