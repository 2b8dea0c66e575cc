"""Validation finds each wrong value, by its field and id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.dataset.read import read_annotations
from renderer.dataset.validate import validate
from tests.dataset.edits import (
    ANNOTATION,
    IMAGE,
    Change,
    add,
    annotation,
    edit,
    edit_labels,
    image,
    put,
)

NAME, WHERE = "images/00000001.png: ", f"images/00000001.png: annotation {ANNOTATION}: "
# One value edited → the one finding it makes.
WRONG: dict[str, tuple[Change, str]] = {
    "K": (image(add("camera.K", 0, 2)), NAME + "camera.K is not that of its shot"),
    "K a little": (image(add("camera.K", 1, 1, step=1e-6)), NAME + "camera.K is not"),
    "K gone": (image(lambda i: i["camera"].pop("K")), f"image {IMAGE} lacks camera.K"),
    "K ragged": (image(lambda i: i["camera"]["K"].pop()), f"image {IMAGE} lacks camera.K[2]"),
    "camera gone": (image(lambda i: i.pop("camera")), f"image {IMAGE} lacks camera"),
    "camera empty": (image(put("camera", None)), f"image {IMAGE} has a wrong camera"),
    "world_to_camera": (
        image(add("camera.world_to_camera", 2, 3, step=0.001)),
        NAME + "camera.world_to_camera is not that of its shot",
    ),
    "distortion": (image(lambda i: i["camera"].update(distortion=[0.1])), "camera.distortion"),
    "azimuth": (image(add("azimuth_deg")), NAME + "azimuth_deg is "),
    "elevation": (image(add("elevation_deg", step=-0.5)), NAME + "elevation_deg is "),
    "brightness": (image(add("brightness", step=0.0002)), NAME + "brightness is "),
    "width": (image(add("width")), NAME + "width is 97, its shot says 96"),
    "height": (image(add("height", step=-1)), NAME + "height is 71, its shot says 72"),
    "file_name": (
        image(put("file_name", "images/00000003.png")),
        NAME + "file_name is images/00000003.png, its shot says images/00000001.png",
    ),
    "shot": (image(put("shot", 6)), NAME + "shot is 6, its shot says 1"),
    "scenario": (image(put("scenario", "night")), NAME + "scenario is night"),
    "digest": (
        image(lambda i: i["files"]["picture"].update(blake2b="00")),
        "delete it and run the same render again",
    ),
    "image id": (image(add("id")), "annotation 3 belongs to image 2, which is not there"),
    "cam_R_m2c": (
        annotation(lambda a: a.update(cam_R_m2c=np.transpose(a["cam_R_m2c"]).tolist())),
        WHERE + "cam_R_m2c is not that of its shot",
    ),
    "cam_R_m2c a little": (
        annotation(add("cam_R_m2c", 1, 1, step=1e-4)),
        WHERE + "cam_R_m2c is not a rotation",
    ),
    "cam_t_m2c": (
        annotation(add("cam_t_m2c", 2, step=1e-6)),
        WHERE + "cam_t_m2c is not that of its shot",
    ),
    "scale": (annotation(add("scale", step=0.001)), WHERE + "scale is 1.001, its shot says 1.0"),
    "truncation": (annotation(put("truncation", 0.125)), WHERE + "truncation is 0.125"),
    "truncation of all": (annotation(put("truncation", 1)), WHERE + "truncation is 1"),
    "visibility": (annotation(add("visibility", step=-1e-5)), WHERE + "visibility is 0.99999"),
    "visib_fract": (
        annotation(add("visib_fract", step=-1e-5)),
        WHERE + "visib_fract is 0.99999, its visibility and truncation say 1.0",
    ),
    "area": (annotation(add("area")), WHERE + "area is "),
    "asset": (annotation(put("asset", "ball.ply")), WHERE + "asset is ball.ply, its shot says box"),
    "iscrowd": (annotation(put("iscrowd", 1)), WHERE + "iscrowd is 1, and should be 0"),
    "iscrowd a bool": (annotation(put("iscrowd", False)), "annotation 3 has a wrong iscrowd"),
    "instance": (annotation(put("instance", 9)), WHERE + "instance is 9, and its shot has no such"),
    "moved to another category": (
        annotation(put("category_id", 2)),
        WHERE + "category_id is 2 (ball), its shot says box",
    ),
    "moved to an unknown category": (
        annotation(put("category_id", 3)),
        WHERE + "category_id is the unknown category 3",
    ),
    "moved to another image": (
        annotation(put("image_id", 7)),
        "annotation 4 belongs to image 2, and stands behind one of image 7",
    ),
    "category renamed": (
        lambda d: d["categories"][0].update(name="bxo"),
        "category 1 is bxo in instances.json, and box in manifest.json",
    ),
    "category gone": (
        lambda d: d["categories"].append({"id": 3, "name": "cat"}),
        "category 3 is cat in instances.json, and not there in manifest.json",
    ),
    **{
        f"{key} {at} off": (annotation(add(key, at, step=1)), WHERE + f"{key} is ")
        for at in range(4)
        for key in ("bbox", "amodal_bbox")
    },
    **{
        f"{key} {at} not whole": (
            annotation(add(key, at, step=-0.25)),
            f"annotation {ANNOTATION} has a wrong {key}[{at}]",
        )
        for at in range(4)
        for key in ("bbox", "amodal_bbox")
    },
}


@pytest.mark.parametrize("models", [True, False], ids=["with models", "without models"])
@pytest.mark.parametrize("case", WRONG)
def test_one_wrong_value_is_one_finding(
    copy: Path, cache: AssetCache, case: str, models: bool
) -> None:
    change, expected = WRONG[case]
    edit_labels(copy, change)
    (finding,) = validate(Layout(copy), cache if models else None).findings
    assert expected in finding


def test_poses_are_rotations_whatever_the_scale(crowd: Path) -> None:
    """Validation takes poses from the code that wrote them: this is what it goes by."""
    found = list(read_annotations(Layout(crowd)))
    assert any(record["scale"] != 1 for record in found)
    for record in found:
        turn = np.array(record["cam_R_m2c"])
        assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-9)


def test_what_is_exchanged_is_found(copy: Path, cache: AssetCache) -> None:
    """All labels of two objects of one kind but their masks, and the names of two categories."""
    keys = ("cam_R_m2c", "cam_t_m2c", "scale", "instance")

    def change(data: Any) -> None:
        one, other = data["annotations"][2:4]
        for key in keys:
            one[key], other[key] = other[key], one[key]

    edit_labels(copy, change)
    findings = validate(Layout(copy), cache).findings
    assert len(findings) == 1
    assert "disagree with the scene of its shot" in findings[0]
    edit(copy / "manifest.json", lambda m: m["categories"].reverse())
    found = validate(Layout(copy), None).findings
    assert found == [
        "category 1 is box in instances.json, and ball in manifest.json",
        "category 2 is ball in instances.json, and box in manifest.json",
    ]


def test_twice_the_same_object(copy: Path) -> None:
    def change(data: Any) -> None:
        one, other = data["annotations"][2:4]
        keep = {key: other[key] for key in ("id", "image_id")}
        other.update(one, **keep)

    edit_labels(copy, change)
    findings = validate(Layout(copy), None).findings
    assert findings == [
        "images/00000001.png: annotation 4: instance 1 stands twice in its image",
        "images/00000001.png: annotation 4: its mask overlaps another object's",
    ]


def test_twice_the_same_image(copy: Path) -> None:
    edit_labels(copy, lambda data: data["images"].insert(2, data["images"][1]))
    assert validate(Layout(copy), None).findings == [
        "image id 2 stands twice or out of order",
        "instances.json has 9 images, manifest.json says 8",
    ]
