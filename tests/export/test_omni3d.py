"""Omni3D sets, read by pycocotools and compared with the rules of its DATA.md and cv2."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from renderer.asset import AssetCache
from renderer.dataset.layout import DatasetError, Layout
from renderer.farm.asset_import import default_cache
from tests.export.cast import LEVEL, SIZE, Scene, Thing, make, pitched, write, yaw

Array = np.ndarray
_HALF, _MIDDLE = np.array([0.1, 0.25, 0.15]), np.array([0.13, 0, 0.15])
_SCENE = Scene(
    [Thing("brick", (-0.1, 1.5, 0.0), yaw(35)), Thing("brick", (0.5, 1.2, -0.1), yaw(-60), 0.5)],
    cameras=[LEVEL, pitched(6)],
)


def cuboid(record: dict[str, Any]) -> Array:
    """Corners (8, 3) as cubercnn's get_cuboid_verts_faces puts them together."""
    width, height, length = record["dimensions"]
    corners = np.zeros((3, 8))
    corners[0, [0, 3, 4, 7]], corners[0, [1, 2, 5, 6]] = -length / 2, length / 2
    corners[1, [0, 1, 4, 5]], corners[1, [2, 3, 6, 7]] = -height / 2, height / 2
    corners[2, [0, 1, 2, 3]], corners[2, [4, 5, 6, 7]] = -width / 2, width / 2
    return (np.array(record["R_cam"]) @ corners).T + record["center_cam"]


def compare(layout: Layout, exported: Path) -> int:
    """Compare every instance with the COCO file and the solids; return how many there are."""
    right, coco = COCO(layout.instances), COCO(exported / "Omni3D/cast_train.json")
    assert coco.imgs.keys() == right.imgs.keys()
    for image in right.imgs.values():
        found = coco.imgs[image["id"]]
        assert (exported / found["file_path"]).read_bytes() == (
            layout.root / image["file_name"]
        ).read_bytes()
        assert (found["width"], found["height"]) == SIZE
        camera = np.array(image["camera"]["world_to_camera"])
        records = right.imgToAnns[image["id"]]
        assert [each["id"] for each in coco.imgToAnns[image["id"]]] == [
            each["id"] for each in records
        ]
        for record, thing in zip(coco.imgToAnns[image["id"]], _SCENE.things, strict=True):
            own = right.anns[record["id"]]
            signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
            points = (signs * _HALF + _MIDDLE) @ thing.to_world[:3, :3].T + thing.at
            there = points @ camera[:3, :3].T + camera[:3, 3]
            corners = cuboid(record)
            assert np.abs(corners - record["bbox3D_cam"]).max() < 1e-6
            apart = np.linalg.norm(corners[:, None] - there[None], axis=2)
            assert apart.min(axis=0).max() < 1e-6
            # Seen upright, v0 to v3 go around a face from its left upper corner.
            assert corners[0, 1] < corners[3, 1]
            pixels, _ = cv2.projectPoints(
                there, np.zeros(3), np.zeros(3), np.array(image["camera"]["K"]), None
            )
            outline = [*pixels[:, 0].min(axis=0), *pixels[:, 0].max(axis=0)]
            assert record["bbox2D_proj"] == pytest.approx(outline, abs=0.01)
            x, y, w, h = own["bbox"]
            assert record["bbox2D_tight"] == [x, y, x + w, y + h]
            # What is seen lies within the projected box, but for the tips of corners.
            slack = np.array(record["bbox2D_tight"]) - record["bbox2D_trunc"]
            assert (np.abs(slack) < 1.5).all()
            matrix = np.array(found["K"]) @ np.array(record["center_cam"])
            assert outline[0] < matrix[0] / matrix[2] < outline[2]
            assert record["visibility"] == own["visibility"]
            assert record["truncation"] == own["truncation"]
            assert record["segmentation_pts"] == own["area"]
            assert record["lidar_pts"] == record["depth_error"] == -1
            assert record["valid3D"] is True
            assert record["behind_camera"] is False
    return len(coco.anns)


def test_every_instance_is_read_back(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [_SCENE])
    done = write(layout, "omni3d", tmp_path / "omni3d", solid_cache)
    assert compare(layout, tmp_path / "omni3d") == done.annotations == 4
    info = COCO(tmp_path / "omni3d/Omni3D/cast_train.json").dataset["info"]
    assert (info["id"], info["split"]) == (100, "train")


def test_the_comparison_sees_half_a_pixel(
    solid_cache: AssetCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from renderer.export.pinhole import at_whole_pixels, pinhole

    monkeypatch.setattr(
        "renderer.export.omni3d.pinhole", lambda *given: at_whole_pixels(pinhole(*given))
    )
    layout = make(tmp_path / "set", solid_cache, [_SCENE])
    write(layout, "omni3d", tmp_path / "omni3d", solid_cache)
    with pytest.raises(AssertionError):
        compare(layout, tmp_path / "omni3d")


def test_dimensions_are_width_height_and_length(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [_SCENE])
    write(layout, "omni3d", tmp_path / "omni3d", solid_cache)
    first, second, *_ = COCO(tmp_path / "omni3d/Omni3D/cast_train.json").anns.values()
    assert first["dimensions"] == pytest.approx((0.5, 0.3, 0.2))
    assert second["dimensions"] == pytest.approx((0.25, 0.15, 0.1))
    assert first["R_cam"][1] == pytest.approx((0, 1, 0))  # down stays down before a level camera


def test_what_reaches_behind_the_camera_has_no_outline(
    solid_cache: AssetCache, tmp_path: Path
) -> None:
    """A brick that is turned along the view axis, from before the camera to behind it."""
    layout = make(tmp_path / "set", solid_cache, [Scene([Thing("brick", (0.05, 0.2, -0.3))])])
    write(layout, "omni3d", tmp_path / "omni3d", solid_cache)
    (record,) = COCO(tmp_path / "omni3d/Omni3D/cast_train.json").anns.values()
    assert record["behind_camera"] is True
    assert record["bbox2D_proj"] == record["bbox2D_trunc"] == [-1] * 4
    assert np.abs(cuboid(record) - record["bbox3D_cam"]).max() < 1e-6


def test_sides_and_what_is_ignored(solid_cache: AssetCache, tmp_path: Path) -> None:
    layout = make(tmp_path / "set", solid_cache, [_SCENE, _SCENE])

    def change(sample: Any) -> Any:
        annotations = tuple(each.model_copy(update={"iscrowd": 1}) for each in sample.annotations)
        split = ("train", "val")[sample.image.shot]
        return replace(sample, split=split, annotations=annotations)

    write(layout, "omni3d", tmp_path / "omni3d", solid_cache, change, ("train", "val", "test"))
    for side, images in (("train", 2), ("val", 2), ("test", 0)):
        coco = COCO(tmp_path / f"omni3d/Omni3D/cast_{side}.json")
        assert len(coco.imgs) == images
        assert all(each["valid3D"] is False for each in coco.anns.values())
        assert coco.dataset["info"]["split"] == side


def test_a_lens_that_bends_is_refused(solid_cache: AssetCache, tmp_path: Path) -> None:
    lens = {"model": "brown", "coefficients": (0.1, 0.0, 0.0, 0.0)}
    layout = make(tmp_path / "set", solid_cache, [replace(_SCENE, distortion=lens)])
    with pytest.raises(DatasetError, match="Omni3D knows pinholes only"):
        write(layout, "omni3d", tmp_path / "omni3d", solid_cache)


def test_planted_cases_are_read_back(planted: Layout, tmp_path: Path) -> None:
    done = write(planted, "omni3d", tmp_path / "omni3d", default_cache())
    right, coco = COCO(planted.instances), COCO(tmp_path / "omni3d/Omni3D/planted_train.json")
    assert len(right.anns) == len(coco.anns) == done.annotations
    assert coco.cats == right.cats
    for key, record in right.anns.items():
        found = coco.anns[key]
        x, y, w, h = record["bbox"]
        assert found["bbox2D_tight"] == [x, y, x + w, y + h]
        assert found["category_name"] == right.cats[record["category_id"]]["name"]
        assert found["image_id"] == record["image_id"]
        assert found["valid3D"] is (not record["iscrowd"])
