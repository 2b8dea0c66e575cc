"""Pictures follow K: off-centre, of pixels that are no squares, in pairs. Against geometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from renderer.geometry.projection import project
from renderer.plan import Planner
from renderer.shot.shot import Shot
from renderer.truth.view import ViewTruth
from tests.truth.test_analytic import PLAIN, sphere_inside

Maker = Callable[..., Planner]
LENSES = [
    {"fx": 210, "fy": 210, "cx": 131.3, "cy": 20.7},
    {"fx": 180, "fy": 263.5, "cx": 80, "cy": 60},
    {"fx": 260, "fy": 171, "cx": 22.9, "cy": 95.2},
    {"fx": 150, "fy": 160, "cx": -70, "cy": 210},
]


def ball(make_planner: Maker, lens: dict[str, Any], **more: Any) -> Planner:
    return make_planner(
        {
            **PLAIN,
            "objects": [
                {"asset": "fine_ball.ply", "category": "ball", "resting": False, "scale": 0.3}
            ],
            "camera": {
                "resolution": [160, 120],
                "intrinsics": lens,
                "orbit": {
                    "fill": {"uniform": [0.2, 0.6]},
                    "framing": [{"uniform": [-1, 1]}, {"uniform": [-1, 1]}],
                },
            },
            "background": {"color": "black", "shadows": False},
            **more,
        }
    )


@pytest.mark.parametrize("lens", LENSES)
def test_a_ball_is_its_ellipse(
    make_planner: Maker, scene_renderer: Any, lens: dict[str, Any]
) -> None:
    """Every pixel but those whose centre is within 0.01 px of the outline."""
    planner = ball(make_planner, lens)
    for index in range(2):
        shot = planner.shot(index)
        assert shot.views[0].camera.K[0][2] == lens["cx"]
        seen = scene_renderer.render(shot)[0].index == 1
        truth = sphere_inside(shot, 0.01)
        sure = truth >= 0
        assert (seen[sure] == truth[sure].astype(bool)).all()
        assert (~sure).sum() <= 6
        assert seen.sum() > 200


@pytest.mark.parametrize("lens", LENSES)
def test_a_box_is_the_hull_of_its_corners(
    make_planner: Maker, scene_renderer: Any, lens: dict[str, Any]
) -> None:
    planner = make_planner(
        {
            **PLAIN,
            "objects": [
                {"asset": "box.ply", "category": "box", "orientation": "free", "scale": 2.5}
            ],
            "camera": {
                "resolution": [160, 120],
                "intrinsics": lens,
                "orbit": {"roll_deg": 25, "elevation_deg": 40},
            },
            "background": {"color": "black"},
        }
    )
    corners = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.2, 0.2) for z in (0, 0.8)])
    shot = planner.shot(1)
    (entry,) = shot.objects
    camera = shot.views[0].camera
    view = camera.pose @ np.array(entry.model_to_world)
    theirs, _ = cv2.projectPoints(
        corners @ view[:3, :3].T, np.zeros(3), view[:3, 3], camera.intrinsics, None
    )
    outline = cv2.convexHull(theirs.astype(np.float32))
    seen = scene_renderer.render(shot)[0].index == 1
    for (y, x), there in np.ndenumerate(seen):
        side = cv2.pointPolygonTest(outline, (x + 0.5, y + 0.5), True)
        if abs(side) > 0.01:
            assert there == (side > 0), (x, y, side)


def finer(shot: Shot, times: int) -> Shot:
    """The shot with pixels of a fraction of their size."""
    (view,) = shot.views
    width, height = view.camera.resolution
    rows = (view.camera.intrinsics * np.array([[times], [times], [1]])).tolist()
    camera = view.camera.model_copy(
        update={"resolution": (width * times, height * times), "K": tuple(map(tuple, rows))}
    )
    return shot.model_copy(update={"views": (view.model_copy(update={"camera": camera}),)})


# Workbench's own antialiasing moves everything by a tenth of a pixel, with any lens.
@pytest.mark.parametrize(("engine", "off"), [("workbench", 0.15), ("eevee", 0.04)])
def test_other_engines_see_the_same(
    make_planner: Maker, scene_renderer: Any, engine: str, off: float
) -> None:
    """What they cover has its centre where the ellipse has it, to a few hundredths of a pixel."""
    render = {**PLAIN["render"], "engine": engine, "samples": 8}
    planner = ball(make_planner, LENSES[2], render=render)
    shot = planner.shot(0)
    cover = np.clip(scene_renderer.render(shot)[0].color[..., 3], 0, 1)
    rows, columns = np.mgrid[: cover.shape[0], : cover.shape[1]] + 0.5
    truth = sphere_inside(finer(shot, 16), 0.0) == 1
    for grid, axis in ((rows, 0), (columns, 1)):
        middle = (np.nonzero(truth)[axis].mean() + 0.5) / 16
        assert (grid * cover).sum() / cover.sum() == pytest.approx(middle, abs=off)
    assert cover.sum() == pytest.approx(truth.sum() / 16**2, rel=0.01)


def test_stereo(make_planner: Maker, scene_renderer: Any, solids: Any) -> None:
    """Points reproject, a plane's disparity is fx b / z, and both pictures show it."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [{"asset": "sheet.ply", "category": "sheet"}],
            "camera": {
                "resolution": [160, 120],
                "intrinsics": {"fx": 190, "fy": 205, "cx": 84.5, "cy": 55},
                "orbit": {"roll_deg": 8, "fill": 0.8},
                "rig": {"stereo": {"baseline_m": 0.1}},
            },
            "background": {"color": "black", "shadows": False},
        }
    )
    shot = planner.shot(2)
    left, right = (view.camera for view in shot.views)
    assert [view.name for view in shot.views] == ["left", "right"]
    assert np.linalg.norm(left.position - right.position) == pytest.approx(0.1, abs=1e-11)
    assert left.pose[:3, :3] == pytest.approx(right.pose[:3, :3], abs=1e-12)
    (entry,) = shot.objects
    points = planner.cache.geometry(entry.asset).vertices.astype(float)
    to_world = np.array(entry.model_to_world)
    a, b = left.project(points, to_world), right.project(points, to_world)
    assert b[:, 1] == pytest.approx(a[:, 1], abs=1e-9)  # rectified: rows agree
    assert a[:, 0] - b[:, 0] == pytest.approx(190 * 0.1 / a[:, 2], rel=1e-9)
    inside = np.concatenate([a, b])
    assert (inside[:, :2] >= -1e-9).all()
    assert (inside[:, :2] <= np.array([160, 120]) + 1e-9).all()
    # By OpenCV's triangulation each point of the sheet is found again from its two pixels.
    matrices = [camera.intrinsics @ camera.pose[:3] for camera in (left, right)]
    found = cv2.triangulatePoints(*matrices, a[:, :2].T.copy(), b[:, :2].T.copy())
    world = (found[:3] / found[3]).T
    for camera, pixels in ((left, a), (right, b)):
        back = project(world, camera.intrinsics, camera.pose)
        assert np.abs(back[:, :2] - pixels[:, :2]).max() < 0.01
    near, far = (ViewTruth.of(shot, camera, planner.cache).depth for camera in (left, right))
    rows, columns = np.nonzero(np.isfinite(near))
    beside = columns + 0.5 - 190 * 0.1 / near[rows, columns]  # where the right camera has it
    depth = cv2.remap(far, beside.astype(np.float32) - 0.5, rows.astype(np.float32), 1)[:, 0]
    inner = cv2.erode(np.isfinite(far).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    sure = [
        0 <= x < 160 and inner[y, int(x)]
        for y, x in zip(rows.tolist(), beside.tolist(), strict=True)
    ]
    assert sum(sure) > 1000
    assert depth[sure] == pytest.approx(near[rows, columns][sure], rel=1e-4)
    for frame, camera in zip(scene_renderer.render(shot), (left, right), strict=True):
        outline = cv2.convexHull(camera.project(points, to_world)[:, :2].astype(np.float32))
        for (y, x), instance in np.ndenumerate(frame.index):
            side = cv2.pointPolygonTest(outline, (x + 0.5, y + 0.5), True)
            if abs(side) > 0.01:
                assert (instance == 1) == (side > 0), (x, y, side)
