"""The G-buffer of a view against geometry on paper, without an engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderer.asset import Cutout, Geometry
from renderer.geometry.crop import places_of
from renderer.geometry.raycast import Tracer
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.truth import ray_casting, view
from renderer.truth.view import ViewTruth
from tests import shapes
from tests.truth.formulas import box_truth, dome, dome_truth, sheet_truth

Make = Callable[..., ViewTruth]
FREE = {"world": True}


@pytest.fixture
def make(solid_planner: Callable[..., Planner]) -> Make:
    """The truth of one view of some objects, about 5 m off; seen by rays alone."""

    def build(*objects: dict[str, Any], index: int = 0, **more: Any) -> ViewTruth:
        planner = solid_planner(
            {
                "name": "view",
                "images": 10,
                "objects": [{"category": "thing", "resting": False, **each} for each in objects],
                "camera": {
                    "resolution": [96, 72],
                    "orbit": {"fill": 0.6, "elevation_deg": {"uniform": [5, 60]}, "roll_deg": 20},
                },
                "accept": {"min_visibility": 0, "max_truncation": 1},
                "background": FREE,
                **more,
            },
            box=shapes.box((0.6, 0.4, 0.8)),
            sheet=shapes.plane(),
            dome=dome(),
        )
        shot = planner.shot(index)
        return ViewTruth.of(shot, shot.views[0].camera, planner.cache)

    return build


def far_from_edges(found: np.ndarray) -> np.ndarray:
    """Pixels (h, w) whose neighbours are all of one kind with them."""
    inner = np.zeros(found.shape, bool)
    middle = found[1:-1, 1:-1]
    inner[1:-1, 1:-1] = np.logical_and.reduce(
        [
            found[1 + dy : found.shape[0] - 1 + dy, 1 + dx : found.shape[1] - 1 + dx] == middle
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
        ]
    )
    return inner


def angle(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Degrees between unit vectors (n, 3)."""
    return np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(one - other, axis=-1) / 2, 0, 1)))


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize(
    ("asset", "truth_of"),
    [("box.ply", box_truth), ("sheet.ply", sheet_truth), ("dome.ply", dome_truth)],
)
def test_depth_and_normal_of_solids(make: Make, asset: str, truth_of: Any, index: int) -> None:
    """Of a sphere's cap as fine as 0.1 degrees a face, a box and a tilted sheet."""
    truth = make({"asset": asset, "orientation": "free"}, index=index)
    (entry,) = truth.shot.objects
    depth, normal = truth_of(truth.camera, entry)
    sure = far_from_edges(np.isfinite(depth))
    there = sure & np.isfinite(depth)
    assert there.sum() > 20
    assert (np.isfinite(truth.depth[sure]) == np.isfinite(depth[sure])).all()
    assert truth.depth[there] == pytest.approx(depth[there], rel=1e-4)
    same_face = (
        there & far_from_edges(np.round(normal @ [1, 10, 100], 2)) if asset == "box.ply" else there
    )
    assert angle(truth.normal[same_face], normal[same_face]).max() < 0.1
    assert np.linalg.norm(truth.normal[there], axis=1) == pytest.approx(1, abs=1e-6)
    nothing = sure & ~np.isfinite(depth)
    assert (truth.normal[nothing] == 0).all()
    assert (truth.index[nothing] == 0).all()
    assert (truth.index[there] == entry.instance).all()


def test_faces_and_weights_lead_back_to_the_point(make: Make) -> None:
    truth = make({"asset": "box.ply", "orientation": "free"})
    (entry,) = truth.shot.objects
    rows, columns = np.nonzero(truth.index)
    shape = truth.casting.cache.geometry(entry.asset)
    a, b, c = np.moveaxis(shape.vertices[shape.triangles[truth.faces.face[rows, columns]]], 1, 0)
    u, v = truth.faces.barycentric[rows, columns].T[..., None]
    to_camera = truth.casting.to_camera(entry)
    points = ((1 - u - v) * a + u * b + v * c) @ to_camera[:3, :3].T + to_camera[:3, 3]
    rays = truth.camera.rays(columns + 0.5, rows + 0.5)
    assert points == pytest.approx(rays * truth.depth[rows, columns][:, None], abs=1e-4)


def test_the_floor_has_depth_and_normal_and_no_instance(make: Make) -> None:
    truth = make({"asset": "box.ply", "resting": True}, background={"floor": "plain"})
    floor = (truth.index == 0) & np.isfinite(truth.depth)
    assert floor.sum() > 1000
    rows, columns = np.nonzero(floor)
    points = truth.camera.rays(columns + 0.5, rows + 0.5) * truth.depth[floor][:, None]
    turn, shift = truth.camera.pose[:3, :3], truth.camera.pose[:3, 3]
    heights = ((points - shift) @ turn)[:, 2]
    assert np.abs(heights).max() < 1e-3
    assert truth.normal[floor] == pytest.approx(np.tile(turn[:, 2], (len(rows), 1)), abs=1e-6)


def test_what_has_no_label_hides_and_has_depth(make: Make) -> None:
    camera = {
        "resolution": [96, 72],
        "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 6},
    }
    near = {"asset": "box.ply", "position_m": [0, -1, 0]}
    whole = make({"asset": "sheet.ply", "position_m": [0, 0, 0], "yaw_deg": 0}, near, camera=camera)
    shot = whole.shot
    plain = tuple(
        each.model_copy(update={"category": None}) if each.instance == 2 else each
        for each in shot.objects
    )
    truth = ViewTruth.of(
        shot.model_copy(update={"objects": plain}), whole.camera, whole.casting.cache
    )
    assert [each.instance for each in truth.labelled] == [1]
    assert (truth.index == whole.index).all()
    assert (truth.depth == whole.depth).all()
    assert (whole.index == 2).sum() > 100


def _without_opacity(truth: ViewTruth, index: np.ndarray | None, monkeypatch: Any) -> ViewTruth:
    """The same view, with rays that cannot follow instance 2."""
    facts = truth.casting.cache.facts

    def told(self: Any, key: str) -> Any:
        loose = key == truth.shot.objects[1].asset
        return facts(key).model_copy(update={"ray_traceable": not loose})

    monkeypatch.setattr(type(truth.casting.cache), "facts", told)
    frame = None if index is None else Frame(np.zeros((0, 0, 4), np.float32), index)
    return ViewTruth.of(truth.shot, truth.camera, truth.casting.cache, frame)


def test_what_rays_cannot_follow_is_where_the_engine_says(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine sees the sheet through the upper half of the box: depth is the sheet's there."""
    camera = {
        "resolution": [96, 72],
        "orbit": {"azimuth_deg": 0, "elevation_deg": 0, "distance_m": 6},
    }
    sheet = {"asset": "sheet.ply", "position_m": [0, 0, 0], "yaw_deg": 0}
    whole = make(sheet, {"asset": "box.ply", "position_m": [0, -1, 0]}, camera=camera)
    (alone_entry, _) = whole.shot.objects
    alone = ViewTruth.of(
        whole.shot.model_copy(update={"objects": (alone_entry,)}), whole.camera, whole.casting.cache
    )
    index = whole.index.copy()
    upper = (np.arange(72)[:, None] < 36) & (index == 2)
    index[upper] = alone.index[upper]
    holed = _without_opacity(whole, index, monkeypatch)
    assert (holed.index == index).all()
    assert (holed.depth[upper] == alone.depth[upper]).all()
    assert (holed.depth[~upper] == whole.depth[~upper]).all()
    assert holed.warnings("depth") == [
        "depth of thing may be that of a see-through part: rays cannot follow its opacity"
    ]
    solid = _without_opacity(whole, None, monkeypatch)
    assert (solid.depth == whole.depth).all()
    assert not solid.exact(solid.shot.objects[1])
    assert solid.exact(solid.shot.objects[0])


def test_bands_of_rays_change_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    objects = [{"asset": "box.ply", "count": 3}, {"asset": "dome.ply"}]
    floor = {"background": {"floor": "plain"}}
    whole = make(*objects, **floor)
    kept = whole.index, whole.depth, whole.normal
    monkeypatch.setattr(ray_casting, "_RAYS", 100)
    monkeypatch.setattr(view, "_RAYS", 100)
    again = ViewTruth.of(whole.shot, whole.camera, whole.casting.cache)
    assert (again.index != kept[0]).sum() <= 1
    assert again.depth == pytest.approx(kept[1], rel=1e-6)
    assert again.normal == pytest.approx(kept[2], abs=1e-6)


def test_nothing_is_cast_that_is_not_asked_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the engine's index boxes and masks need no ray."""
    whole = make({"asset": "box.ply", "count": 2})
    frame = Frame(np.zeros((0, 0, 4), np.float32), whole.index)
    monkeypatch.setattr(Tracer, "_trace", None)
    truth = ViewTruth.of(whole.shot, whole.camera, whole.casting.cache, frame)
    for entry in truth.labelled:
        assert (truth.visible(entry).full() == (whole.index == entry.instance)).all()
    with pytest.raises(TypeError):
        _ = truth.depth


def test_faces_behind_a_hole() -> None:
    """A ray that passes a sheet's hole ends on the face behind it."""
    sheet, faces = shapes.plane(2.0, 2.0)
    both = np.concatenate([sheet, sheet + np.array([0, 1, 0])]).astype(np.float32)
    alpha = np.zeros((8, 8), np.uint8)
    alpha[:, 4:] = 255
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)[faces]
    geometry = Geometry(
        both,
        np.concatenate([faces, faces + 4]),
        both,
        np.empty((0, 3), np.int32),
        cutouts=(Cutout(alpha),),
        cutout_of=np.array([0, 0, -1, -1], np.int32),
        uv=np.concatenate([uv, uv]),
    )
    pose = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1], [0, 1, 0, 4], [0, 0, 0, 1]])
    hits = Tracer(geometry).hits(pose, np.array([[-0.1, 0, 1], [0.1, 0, 1], [9, 0, 1.0]]))
    assert hits.depth == pytest.approx([5, 4, np.inf], rel=1e-6)
    assert hits.face[0] in (2, 3)
    assert hits.face[1] in (0, 1)
    assert hits.face[2] == -1


@given(st.integers(0, 5), st.integers(0, 5))
def test_pixels_of_each_number_are_found_in_one_look(rows: int, columns: int) -> None:
    index = np.zeros((12, 14), np.int32)
    index[rows : rows + 4, columns : columns + 3] = 7
    index[rows + 1, columns + 1] = 3
    found = places_of(index)
    assert found == {
        7: (slice(rows, rows + 4), slice(columns, columns + 3)),
        3: (slice(rows + 1, rows + 2), slice(columns + 1, columns + 2)),
    }
