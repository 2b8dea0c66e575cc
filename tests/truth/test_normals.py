"""Maps of normals against formulas, through their files, with any engine."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Canvas
from renderer.truth.kinds.normals import NormalsConfig
from renderer.truth.raster import decode_exr, decode_png, encode_exr
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests.truth.formulas import box_truth, rays_of
from tests.truth.labelled import records_of
from tests.truth.solids import SIZE, SOLIDS, Make


def content(truth: ViewTruth, format: str = "png16", frame: str = "camera") -> bytes:
    made = LABEL_KINDS.get("normals").make(truth, NormalsConfig(format=format, frame=frame))
    assert made.image.normals_frame == frame
    return made.files["normals"].content


def read(found: bytes) -> np.ndarray:
    """As the documentation says."""
    if found[:4] != b"\x89PNG":
        return decode_exr(found, SIZE)
    steps = decode_png(found, SIZE)
    return np.where((steps == 0).all(-1, keepdims=True), 0, steps / 65535 * 2 - 1)


def degrees(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    cross = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.degrees(np.arctan2(cross, (one * other).sum(-1)))


def agrees(found: np.ndarray, depth: np.ndarray, normal: np.ndarray) -> None:
    """Within 0.1 degrees, but for single pixels on an outline or edge that round to its other side."""
    there, seen = np.isfinite(depth), (found != 0).any(-1)
    assert (there != seen).sum() <= 2
    apart = degrees(found, normal)[there & seen]
    assert len(apart) > 100
    assert np.sort(apart)[-3] < 0.1


@pytest.mark.parametrize("format", ["png16", "exr"])
@pytest.mark.parametrize("asset", SOLIDS)
def test_normals_of_solids(make: Make, asset: str, format: str) -> None:
    view = make({"asset": asset, "yaw_deg": 20, "pitch_deg": 10})
    found = read(content(view, format))
    agrees(found, *SOLIDS[asset](view.camera, view.shot.objects[0]))
    towards = (found * rays_of(view.camera)).sum(-1)
    assert (towards <= 0).all()


def test_any_engine_at_any_number_of_samples_gives_the_same_bytes(
    rendered_box: tuple[ViewTruth, ViewTruth],
) -> None:
    view, by_rays = rendered_box
    found = content(view)
    agrees(read(found), *box_truth(view.camera, view.shot.objects[0]))
    assert found == content(by_rays)


@pytest.mark.parametrize("asset", SOLIDS)
def test_normals_in_the_world(make: Make, asset: str) -> None:
    """A box's are its object's axes in the world, turned as its pose says."""
    view = make({"asset": asset, "yaw_deg": 20, "pitch_deg": 10})
    depth, normal = SOLIDS[asset](view.camera, view.shot.objects[0])
    back = np.linalg.inv(np.array(view.camera.world_to_camera)[:3, :3])
    agrees(read(content(view, frame="world")), depth, normal @ back.T)


def test_a_floor_points_up_in_the_world(make: Make) -> None:
    view = make({"asset": "box.ply", "resting": True}, background={"floor": "plain"})
    floor = (view.index == 0) & np.isfinite(view.depth)
    assert np.abs(read(content(view, "exr", "world"))[floor] - (0, 0, 1)).max() < 1e-6
    canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
    files = {"normals": content(view, frame="world")}
    stored = StoredLabels({"normals_frame": "world"}, [], SIZE, read=files.__getitem__)
    LABEL_KINDS.get("normals").draw(canvas, stored)
    assert np.abs(np.array(canvas.picture).astype(int)[floor] - (127.5, 127.5, 255)).max() < 1


def problems(
    view: ViewTruth, found: bytes, format: str = "png16", frame: str = "camera", said: str = ""
) -> list[str]:
    alone = ViewTruth.of(view.shot, view.camera, view.casting.cache)
    files = {"normals": found}
    stored = StoredLabels(
        {"id": 1, "normals_frame": said or frame},
        records_of(view),
        SIZE,
        view.shot,
        view.camera,
        files.__getitem__,
    )
    config = NormalsConfig(format=format, frame=frame)
    return [problem for _, problem in LABEL_KINDS.get("normals").check(stored, alone, config)]


@pytest.mark.parametrize("format", ["png16", "exr"])
def test_faults_are_found(make: Make, format: str) -> None:
    view = make({"asset": "box.ply", "count": 2}, background={"floor": "plain"})
    assert problems(view, content(view, format), format) == []
    normal = view.normal.copy()
    inner = tuple(np.argwhere(view.index == 1).mean(axis=0).astype(int))
    normal[inner] = -normal[inner]
    said = problems(view, encode_exr(normal), format)
    assert said == ["1 pixels of its normals file disagree with its scene"]
    # Half a degree about the view axis, everywhere.
    turn = np.radians(0.5)
    x, y, z = np.moveaxis(view.normal, -1, 0)
    c, s = np.cos(turn), np.sin(turn)
    turned = np.stack([c * x - s * y, s * x + c * y, z], -1).astype(np.float32)
    (sentence,) = problems(view, encode_exr(turned), format)
    assert sentence.endswith("pixels of its normals file disagree with its scene")
    flipped = view.normal * np.array([1, -1, -1], np.float32)  # OpenGL's axes
    assert len(problems(view, encode_exr(flipped), format)) == 1


def test_normals_of_the_wrong_frame_are_found(make: Make) -> None:
    view = make({"asset": "box.ply", "count": 2}, background={"floor": "plain"})
    right, other = content(view, "exr", "world"), content(view, "exr", "camera")
    assert problems(view, right, "exr", "world") == []
    (said,) = problems(view, other, "exr", "world")
    assert said.endswith("pixels of its normals file disagree with its scene")
    assert problems(view, right, "exr", "world", "camera") == [
        "normals_frame is camera, its dataset says world"
    ]


def test_files_that_are_none_are_one_sentence(make: Make) -> None:
    view = make({"asset": "box.ply"})
    assert problems(view, b"") == ["its normals file is wrong: it is no OpenEXR file"]
    assert problems(view, encode_exr(view.depth)) == [
        "its normals file is wrong: it has one channel, and should have three"
    ]
    assert problems(view, encode_exr(view.normal * 0.9)) == [
        "its normals file is wrong: it has normals that are not of length 1"
    ]


def test_it_is_drawn_as_is_usual(make: Make) -> None:
    """A sheet that faces the camera is light blue, a floor seen from above green."""
    camera = {"resolution": SIZE, "orbit": {"azimuth_deg": 0, "elevation_deg": 5, "fill": 0.6}}
    sheet = {"asset": "sheet.ply", "yaw_deg": 0, "resting": True}
    view = make(sheet, camera=camera, background={"floor": "plain"})
    files = {"normals": content(view)}
    canvas = Canvas(Image.new("RGB", SIZE), SIZE, 1)
    stored = StoredLabels({}, [], SIZE, read=files.__getitem__)
    LABEL_KINDS.get("normals").draw(canvas, stored)
    drawn = np.array(canvas.picture).astype(int)
    assert np.abs(drawn[view.index == 1] - (127.5, 127.5, 255)).max() < 13
    floor = (view.index == 0) & np.isfinite(view.depth)
    assert np.abs(drawn[floor] - (127.5, 255, 127.5)).max() < 13
    assert (drawn[~np.isfinite(view.depth)] == 0).all()
