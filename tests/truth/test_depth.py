"""Depth maps against formulas, through their files, with any engine and at any number of samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.registry import LABEL_KINDS
from renderer.shot.frame import Frame
from renderer.truth.canvas import Canvas
from renderer.truth.kind import Labels
from renderer.truth.kinds.depth import DepthConfig
from renderer.truth.raster import decode_exr, decode_png, encode_exr, encode_png
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth
from tests.truth.formulas import box_truth
from tests.truth.labelled import records_of
from tests.truth.solids import SIZE, SOLIDS, Make


def labels(truth: ViewTruth, **options: Any) -> Labels:
    return LABEL_KINDS.get("depth").make(truth, DepthConfig(**options))


def content(truth: ViewTruth, **options: Any) -> bytes:
    return labels(truth, **options).files["depth"].content


def agrees(found: np.ndarray, truth: np.ndarray, rel: float = 1e-4, step: float = 0) -> None:
    """Everywhere but for rounding on the outline, of which an engine's pixel may be one."""
    differs = np.isfinite(found) != np.isfinite(truth)
    assert differs.sum() <= 2
    both = np.isfinite(found) & np.isfinite(truth)
    assert both.sum() > 100
    assert np.abs(found[both] - truth[both]).max() <= rel * truth[both].max() + step


@pytest.mark.parametrize("asset", SOLIDS)
def test_depth_of_solids(make: Make, asset: str) -> None:
    view = make({"asset": asset, "yaw_deg": 20, "pitch_deg": 10})
    truth = SOLIDS[asset](view.camera, view.shot.objects[0])[0]
    agrees(decode_exr(content(view), SIZE), truth)
    steps = decode_png(content(view, format="png16"), SIZE)
    agrees(np.where(steps == 0, np.inf, steps * 0.001), truth, step=0.0005)


def test_any_engine_at_any_number_of_samples_gives_the_same_bytes(
    rendered_box: tuple[ViewTruth, ViewTruth],
) -> None:
    view, by_rays = rendered_box
    found = content(view)
    agrees(decode_exr(found, SIZE), box_truth(view.camera, view.shot.objects[0])[0])
    assert found == content(by_rays)


def test_floor_is_in_it(make: Make) -> None:
    view = make({"asset": "box.ply", "resting": True}, background={"floor": "plain"})
    found = decode_exr(content(view), SIZE)
    assert np.isfinite(found[view.index == 0]).mean() > 0.5


def test_what_a_png_cannot_hold_is_said(make: Make) -> None:
    view = make({"asset": "box.ply"})
    near = view.depth[np.isfinite(view.depth)].min()
    scale = float(near) * 0.9 / 65535
    made = labels(view, format="png16", scale=scale)
    assert (decode_png(made.files["depth"].content, SIZE) == 0).all()
    (warning,) = made.warnings
    assert warning.startswith("depth beyond ")
    assert "labels.depth.scale" in warning
    assert labels(view, format="png16").warnings == []
    coarse = decode_png(content(view, format="png16", scale=100), SIZE)
    assert ((coarse == 1) == np.isfinite(view.depth)).all()  # near, and still not nothing


def test_opacity_that_rays_cannot_follow_is_said(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = make({"asset": "box.ply", "category": "lattice"})
    facts = view.casting.cache.facts
    monkeypatch.setattr(
        type(view.casting.cache),
        "facts",
        lambda self, key: facts(key).model_copy(update={"ray_traceable": False}),
    )
    frame = Frame(np.zeros((0, 0, 4), np.float32), view.index)
    loose = ViewTruth.of(view.shot, view.camera, view.casting.cache, frame)
    (warning,) = labels(loose).warnings
    assert warning == (
        "depth of lattice may be that of a see-through part: rays cannot follow its opacity"
    )


def stored_of(view: ViewTruth, found: bytes) -> StoredLabels:
    records = records_of(view)
    return StoredLabels(
        {"id": 1}, records, SIZE, view.shot, view.camera, {"depth": found}.__getitem__
    )


def problems(view: ViewTruth, found: bytes, **options: Any) -> list[str]:
    config = DepthConfig(**options)
    alone = ViewTruth.of(view.shot, view.camera, view.casting.cache)
    check = LABEL_KINDS.get("depth").check
    return [said for _, said in check(stored_of(view, found), alone, config)]


@pytest.mark.parametrize("options", [{}, {"format": "png16"}, {"format": "png16", "scale": 0.02}])
def test_faults_are_found(make: Make, options: dict[str, Any]) -> None:
    view = make({"asset": "box.ply", "count": 2})
    right = content(view, **options)
    assert problems(view, right, **options) == []
    steps = options.get("scale", 0.001)
    png = "format" in options
    depth = decode_png(right, SIZE) * steps if png else decode_exr(right, SIZE)
    inner = tuple(np.argwhere(view.index == 1).mean(axis=0).astype(int))

    def encoded(changed: np.ndarray) -> bytes:
        return encode_png(np.rint(changed / steps)) if png else encode_exr(changed)

    for change in (1.5, 0.5):
        wrong = depth.copy()
        wrong[inner] *= change
        assert problems(view, encoded(wrong), **options) == [
            "1 pixels of its depth file disagree with its scene"
        ]
    wrong = depth.copy()
    wrong[0, 0] = 1.0
    assert len(problems(view, encoded(wrong), **options)) == 1
    assert len(problems(view, encoded(np.roll(depth, 2, axis=1)), **options)) == 1


def test_files_that_are_none_are_one_sentence(make: Make) -> None:
    view = make({"asset": "box.ply"})
    right = content(view)
    assert problems(view, b"") == ["its depth file is wrong: it is no OpenEXR file"]
    assert problems(view, right[:300])[0].startswith("its depth file is wrong: it is damaged")
    assert problems(view, encode_exr(-view.depth)) == [
        "its depth file is wrong: it has depths that are not above 0"
    ]


def test_it_is_drawn_near_red_and_far_blue(make: Make) -> None:
    view = make({"asset": "sheet.ply", "yaw_deg": 60})
    canvas = Canvas(Image.new("RGB", (192, 144)), SIZE, 1)
    LABEL_KINDS.get("depth").draw(canvas, stored_of(view, content(view)))
    drawn = np.array(canvas.picture).astype(int)
    depth = np.repeat(np.repeat(view.depth, 2, 0), 2, 1)
    assert (drawn[~np.isfinite(depth)] == 0).all()
    nearest, farthest = (np.unravel_index(at, depth.shape) for at in _ends(depth))
    assert drawn[nearest][0] > drawn[nearest][2]
    assert drawn[farthest][2] > drawn[farthest][0]


def _ends(depth: np.ndarray) -> tuple[int, int]:
    return int(depth.argmin()), int(np.where(np.isfinite(depth), depth, 0).argmax())
