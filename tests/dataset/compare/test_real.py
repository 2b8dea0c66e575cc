"""Real sets of anybody's making: what cannot be used is left out, counted and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from renderer.dataset.compare.real import read_real
from renderer.errors import UserError


def coco(count: int = 12) -> dict[str, Any]:
    images = [
        {"id": at, "width": 100, "height": 80, "file_name": f"train/{at}.jpg"}
        for at in range(count)
    ]
    annotations = [
        {"id": at, "image_id": at, "category_id": 3, "bbox": [10, 10, 20, 20], "iscrowd": 0}
        for at in range(count)
    ]
    return {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 3, "name": "Soup_Can"}, {"id": 5, "name": "dog"}],
    }


def read(folder: Path, data: Any, images: Path | None = None, wanted: str = "soup can") -> Any:
    path = folder / "real.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_real(path, images, {wanted}, 0)


def test_a_good_set_is_read_without_a_remark(tmp_path: Path) -> None:
    data = coco()
    data["categories"].pop()
    found = read(tmp_path, data)
    assert len(found.images) == found.total == 12
    assert found.categories == {"Soup_Can": 12}
    assert found.remarks == []
    assert found.images[0].boxes.tolist() == [[10, 10, 20, 20]]


def test_crowds_bad_boxes_and_strays_are_left_out_and_counted(tmp_path: Path) -> None:
    data = coco()
    data["annotations"][0]["iscrowd"] = 1
    for at, box in enumerate([None, [1, 2, 3], [5, 5, 0, 9], [500, 5, 9, 9], [1, 1, "a", 2]], 1):
        data["annotations"][at]["bbox"] = box
    data["annotations"] += [
        {"id": 99, "image_id": 777, "category_id": 3, "bbox": [1, 1, 2, 2]},
        {"id": 98, "image_id": 8, "category_id": 3, "bbox": [-10, 70, 30, 30]},
        "no annotation at all",
    ]
    found = read(tmp_path, data)
    assert "left out: 1 crowds and ignored regions" in found.remarks
    assert "left out: 5 annotations without a box of some size in the frame" in found.remarks
    by_key = {image.key: image for image in found.images}
    assert not by_key["0"].whole
    assert by_key["6"].whole
    assert by_key["8"].boxes.tolist() == [[10, 10, 20, 20], [0, 70, 20, 10]]  # cut by the frame


def test_other_categories_are_left_out_with_the_images_that_have_nothing_else(
    tmp_path: Path,
) -> None:
    data = coco(14)
    data["annotations"][0]["category_id"] = 5
    data["annotations"] += [{"id": 99, "image_id": 1, "category_id": 5, "bbox": [1, 1, 2, 2]}]
    data["annotations"].pop(13)  # an image with nothing in it does count
    found = read(tmp_path, data)
    assert [len(image.boxes) for image in sorted(found.images, key=lambda i: int(i.key))] == (
        [1] * 12 + [0]
    )
    assert any("1 categories of the real set are not in the dataset" in r for r in found.remarks)
    assert any("dog" in remark for remark in found.remarks)


def test_without_a_common_category_all_are_compared_and_it_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, coco(), wanted="bottle")
    assert len(found.images) == 12
    assert any("no category of the real set is one of the dataset's" in r for r in found.remarks)


def test_pictures_are_found_by_path_or_name_and_the_missing_are_counted(tmp_path: Path) -> None:
    data, folder = coco(), tmp_path / "pictures"
    (folder / "train").mkdir(parents=True)
    data["images"][1]["file_name"] = "/elsewhere/on/a/disk/one.jpg"
    data["images"][2]["file_name"] = "../real.json"
    for name in ("train/0.jpg", "one.jpg"):
        Image.new("RGB", (8, 8)).save(folder / name)
    found = read(tmp_path, data, folder)
    there = {image.key for image in found.images if image.picture is not None}
    assert there == {"0", "1"}
    assert any("10 of 12 pictures are not below" in remark for remark in found.remarks)


def test_images_without_a_size_are_left_out(tmp_path: Path) -> None:
    data = coco(13)
    data["images"][0].pop("width")
    data["images"][1]["height"] = 0
    data["images"][2]["id"] = None
    found = read(tmp_path, data)
    assert len(found.images) == 10
    assert any("3 images without an id" in remark for remark in found.remarks)


def test_images_of_one_video_are_one_group(tmp_path: Path) -> None:
    data = coco()
    for image in data["images"]:
        image["video_id"] = image["id"] // 4
    assert {image.group for image in read(tmp_path, data).images} == {"0", "1", "2"}
    del data["images"][0]["video_id"]
    assert len({image.group for image in read(tmp_path, data).images}) == 12


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("{", "is not a COCO file"),
        ("[]", "it has no images"),
        ({"images": "none"}, "it has no images"),
        (coco(5), "has 5 usable images, and at least 10 are needed"),
        ("[" * 100_000, "nested"),
    ],
)
def test_what_is_no_set_is_refused_in_a_sentence(tmp_path: Path, data: Any, said: str) -> None:
    with pytest.raises(UserError, match=said):
        read(tmp_path, data)


def test_a_large_set_is_sampled_whatever_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderer.dataset.compare.real.MOST_IMAGES", 20)
    data = coco(60)
    first = {image.key for image in read(tmp_path, data).images}
    data["images"].reverse()
    again = read(tmp_path, data)
    assert first == {image.key for image in again.images}
    assert len(first) == 20
    assert again.total == 60
