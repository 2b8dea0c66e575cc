"""Labels against geometry on paper: sphere, box, half-covered sheet, poses. Rendered by Cycles."""

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
from tests.truth.labelled import Label, labels_of

Maker = Callable[..., Planner]
PLAIN = {
    "lighting": {"world": {"color": "white"}, "lights": []},
    "render": {"samples": 1, "denoise": False, "view_transform": "Standard"},
    "images": 50,
    "name": "t",
}


def labelled(planner: Planner, scene_renderer: Any, index: int) -> tuple[Shot, list[Label], Any]:
    shot = planner.shot(index)
    frame = scene_renderer.render(shot)[0]
    return shot, labels_of(ViewTruth.of(shot, shot.views[0].camera, planner.cache, frame)), frame


def sphere_inside(shot: Shot, margin: float) -> np.ndarray:
    """Signed side of each pixel centre of the image of the unit ball about the model's origin.

    A ray d meets the ball at c when (d.c)^2 - |d|^2 (|c|^2 - r^2) > 0, which bounds the exact
    projected ellipse; the distance in pixels is that value over its gradient. Returns 1 inside, 0
    outside, -1 within ``margin`` pixels of the outline.
    """
    (entry,) = shot.objects
    K = np.array(shot.views[0].camera.K)
    to_camera = np.array(shot.views[0].camera.world_to_camera) @ np.array(entry.model_to_world)
    center, radius = to_camera[:3, 3], entry.scale
    width, height = shot.views[0].camera.resolution

    def value(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        d = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones_like(u)], -1)
        return (d @ center) ** 2 - (d**2).sum(-1) * (center @ center - radius**2)

    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    here, e = value(u, v), 1e-4
    slope = np.hypot(value(u + e, v) - here, value(u, v + e) - here) / e
    distance = here / np.maximum(slope, 1e-12)
    return np.where(np.abs(distance) < margin, -1, (here > 0).astype(int))


@pytest.mark.parametrize("index", [0, 1, 2])
def test_sphere(make_planner: Maker, scene_renderer: Any, index: int) -> None:
    """Every pixel right but for those within 1e-3 px of the outline (the mesh's own sag is less)."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [
                {"asset": "fine_ball.ply", "category": "ball", "resting": False, "scale": 0.3}
            ],
            "camera": {
                "resolution": [160, 120],
                "focal_length_mm": {"uniform": [20, 60]},
                "orbit": {
                    "fill": {"uniform": [0.2, 0.5]},
                    "framing": [{"uniform": [-1, 1]}, {"uniform": [-1, 1]}],
                },
            },
            "background": {"color": "black", "shadows": False},
        }
    )
    shot, (label,), _ = labelled(planner, scene_renderer, index)
    truth = sphere_inside(shot, 1e-3)
    sure = truth >= 0
    assert (label.visible[sure] == truth[sure].astype(bool)).all()
    assert (label.amodal[sure] == truth[sure].astype(bool)).all()
    assert (~sure).sum() <= 2
    rows, columns = np.nonzero(truth == 1)
    if sure.all():
        box = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
        assert label.box == box == label.amodal_box
    assert label.area == label.visible.sum()
    assert label.visibility == 1
    assert label.truncation == 0


def test_box_and_pose(make_planner: Maker, scene_renderer: Any) -> None:
    """The mask is the convex polygon of the projected corners; the pose reprojects to it."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [
                {"asset": "box.ply", "category": "box", "orientation": "free", "scale": 2.5}
            ],
            "camera": {"resolution": [160, 120], "orbit": {"roll_deg": 25}},
            "background": {"color": "black"},
        }
    )
    corners = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.2, 0.2) for z in (0, 0.8)])
    for index in range(3):
        shot, (label,), _ = labelled(planner, scene_renderer, index)
        (entry,) = shot.objects
        K = np.array(shot.views[0].camera.K)
        # From the annotation's own pose: X_camera = R (s X_model) + t.
        theirs, _ = cv2.projectPoints(
            corners * entry.scale, cv2.Rodrigues(label.rotation)[0], label.translation, K, None
        )
        to_camera = np.array(shot.views[0].camera.world_to_camera) @ np.array(entry.model_to_world)
        assert theirs[:, 0] == pytest.approx(project(corners, K, to_camera)[:, :2], abs=1e-6)
        outline = cv2.convexHull(theirs.astype(np.float32))
        for (y, x), seen in np.ndenumerate(label.visible):
            side = cv2.pointPolygonTest(outline, (x + 0.5, y + 0.5), True)
            if abs(side) > 1e-3:
                assert seen == (side > 0), (x, y, side)
        low, high = theirs[:, 0].min(0), theirs[:, 0].max(0)
        x, y, _w, h = label.box
        assert x == pytest.approx(low[0], abs=1)
        assert y + h == pytest.approx(high[1], abs=1)


def test_half_covered_sheet(make_planner: Maker, scene_renderer: Any) -> None:
    """A box hides about the lower half of a sheet: visibility as projected, to within a row."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [
                {"asset": "sheet.ply", "category": "back", "position_m": [0, 0, 0], "yaw_deg": 0},
                # Nearer and wider, its top below the middle of the sheet.
                {
                    "asset": "box.ply",
                    "category": "front",
                    "position_m": [0, -1, -1.75],
                    "yaw_deg": 0,
                    "scale": 2.5,
                },
            ],
            "camera": {
                "resolution": [160, 120],
                "focal_length_mm": 50,
                "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 6},
            },
            "background": {"color": "black", "shadows": False},
        }
    )
    shot, labels, _ = labelled(planner, scene_renderer, 0)
    back = next(label for label in labels if label.entry.category == "back")
    K = np.array(shot.views[0].camera.K)
    view = np.array(shot.views[0].camera.world_to_camera)
    # The front box's upper edge and its near face's, projected: whichever is higher hides.
    edges = np.array([[0, -1.5, 0.25], [0, -0.5, 0.25]])
    row = project(edges, K, view)[:, 1].min()
    top, bottom = project(np.array([[0, 0, 1.0], [0, 0, 0.0]]), K, view)[:, 1]
    expected = (row - top) / (bottom - top)
    rows = bottom - top
    assert 0.3 < expected < 0.6
    assert back.visibility == pytest.approx(expected, abs=1 / rows)
    assert back.truncation == 0
    assert back.record["visib_fract"] == back.visibility


def test_truncation(make_planner: Maker, scene_renderer: Any) -> None:
    """A sheet pushed half beyond the frame's edge: truncation 1/2 to within a column."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [{"asset": "sheet.ply", "category": "sheet", "yaw_deg": 0}],
            "camera": {
                "resolution": [160, 120],
                "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 3, "framing": [1, 0]},
            },
            "accept": {"max_truncation": 0.9},
            "background": {"color": "black", "shadows": False},
        }
    )
    shot, (label,), _ = labelled(planner, scene_renderer, 0)
    width = shot.views[0].camera.K[0][0] / 3
    assert label.truncation == pytest.approx(0.5, abs=1 / width)
    x, _, w, _ = label.amodal_box
    assert x + w > 160
    assert w == pytest.approx(width, abs=1)
    assert label.visibility == 1
    assert label.record["visib_fract"] == pytest.approx(0.5, abs=1 / width)


def test_crowd_is_what_rays_say(make_planner: Maker, scene_renderer: Any) -> None:
    """Two independent ways to the same masks: Cycles' index pass, and Embree on the triangles."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [
                {
                    "asset": "ball.ply",
                    "category": "ball",
                    "count": 4,
                    "scale": {"uniform": [0.2, 0.5]},
                },
                {"asset": "box.ply", "category": "box", "count": 4, "orientation": "free"},
            ],
            "camera": {"resolution": [160, 120]},
            "background": {"floor": "plain"},
            "accept": {"min_visibility": 0.0},
        }
    )
    for index in range(4):
        shot, labels, frame = labelled(planner, scene_renderer, index)
        cast = ViewTruth.of(shot, shot.views[0].camera, planner.cache).index
        assert (cast != frame.index).sum() <= 2
        total = np.zeros_like(frame.index)
        for label in labels:
            assert not (label.visible & ~label.amodal).any()
            share = label.visible.sum() / label.amodal.sum()
            assert label.visibility == pytest.approx(share, abs=1e-6)
            total += label.visible
        assert total.max() == 1


@pytest.mark.parametrize("engine", ["workbench", "eevee"])
def test_other_engines_have_the_same_labels(
    make_planner: Maker, scene_renderer: Any, engine: str
) -> None:
    """EEVEE and Workbench: same masks, from rays, and a picture that shows the objects there."""
    data = {
        **PLAIN,
        "objects": [{"asset": "box.ply", "category": "box", "count": 2}],
        "camera": {"resolution": [96, 72]},
        "background": {"color": "black", "shadows": False},
    }
    ours = make_planner({**data, "render": {"engine": engine, "samples": 1}})
    _shot, labels, frame = labelled(ours, scene_renderer, 0)
    _, truth, _ = labelled(make_planner(data), scene_renderer, 0)
    assert frame.index is None
    assert [label.entry for label in labels] == [label.entry for label in truth]
    for one, other in zip(labels, truth, strict=True):
        assert (one.visible != other.visible).sum() <= 1
        inner = cv2.erode(one.visible.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        assert (frame.color[..., 3][inner] > 0.99).all()
        assert frame.color[..., :3][inner].mean() > 0.02
    outside = ~cv2.dilate(
        sum(label.visible.astype(np.uint8) for label in labels), np.ones((5, 5), np.uint8)
    ).astype(bool)
    assert (frame.color[..., 3][outside] == 0).all()


def test_large_frames_are_whole(make_planner: Maker, scene_renderer: Any) -> None:
    """Beyond 2048 px Cycles would tile through the disk, past our capture."""
    planner = make_planner(
        {
            **PLAIN,
            "objects": [{"asset": "ball.ply", "category": "ball"}],
            "camera": {"resolution": [2304, 2100]},
            "background": {"color": "black", "shadows": False},
        }
    )
    _, (label,), frame = labelled(planner, scene_renderer, 0)
    assert frame.color.shape == (2100, 2304, 4)
    assert label.area > 500_000
    assert frame.color[..., :3][label.visible].mean() > 0.1
