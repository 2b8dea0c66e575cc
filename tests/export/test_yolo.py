"""YOLO sets, read back by the documented rules and compared to pycocotools' reading of COCO."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO

from renderer.dataset.layout import DatasetError, Layout
from renderer.export import ultralytics
from renderer.export.write import Exported, export
from renderer.recipe.exports import export_of
from tests.conftest import contents, orbitset
from tests.dataset.edits import edit_labels
from tests.export import yolo

# A twentieth of what a box may be off and still round to itself.
_NEAR = 0.025


def write(dataset: Path, target: Path) -> Exported:
    return export(Layout(dataset), export_of({"format": "yolo"}), target)


def compare(dataset: Path, exported: Path) -> int:
    """Compare instance by instance; return how many there are."""
    coco = COCO(dataset / "annotations/instances.json")
    found = yolo.read(exported / "data.yaml")
    assert len(found) == len(coco.imgs)
    count = 0
    for image in coco.imgs.values():
        records = coco.imgToAnns[image["id"]]
        boxes = found[Path(image["file_name"]).name]
        assert len(boxes) == len(records)
        for box, record in zip(boxes, records, strict=True):
            x, y, w, h = record["bbox"]
            assert box.name == coco.cats[record["category_id"]]["name"]
            assert box.edges == pytest.approx((x, y, x + w, y + h), abs=_NEAR)
            count += 1
    return count


def put_boxes(copy: Path, size: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> None:
    """Make a picture larger, and put boxes into it in place of its own."""
    Image.new("RGB", size).save(copy / "images/00000002.png")

    def change(data: dict[str, Any]) -> None:
        image = data["images"][2]
        image["width"], image["height"] = size
        own = [record for record in data["annotations"] if record["image_id"] == image["id"]]
        at = data["annotations"].index(own[0])
        data["annotations"][at : at + len(own)] = [
            {**own[0], "bbox": box, "area": box[2] * box[3]} for box in boxes
        ]

    edit_labels(copy, change)


def test_every_instance_is_read_back(crowd: Path, tmp_path: Path) -> None:
    done = write(crowd, tmp_path / "yolo")
    labels = json.loads((crowd / "annotations/instances.json").read_text())
    assert (
        compare(crowd, tmp_path / "yolo") == len(labels["annotations"]) == done.facts["annotations"]
    )
    for image in labels["images"]:
        name = Path(image["file_name"]).name
        assert (tmp_path / "yolo/images" / name).read_bytes() == (
            crowd / image["file_name"]
        ).read_bytes()


def test_the_comparison_sees_half_a_pixel(
    crowd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ultralytics.shares

    def shifted(values: tuple[float, ...], width: int, height: int) -> str:
        return right((values[0] - 0.5, *values[1:]), width, height)

    monkeypatch.setattr(ultralytics, "shares", shifted)
    write(crowd, tmp_path / "yolo")
    with pytest.raises(AssertionError):
        compare(crowd, tmp_path / "yolo")


@pytest.mark.parametrize("size", [(8192, 11), (8191, 4999), (97, 8192)])
def test_boxes_round_back_in_pictures_of_any_size(
    copy: Path, tmp_path: Path, size: tuple[int, int]
) -> None:
    width, height = size
    boxes = [
        (0, 0, width, height),
        (0, 0, 1, 1),
        (width - 1, height - 1, 1, 1),
        (width // 3, height // 7, width // 3 + 1, 3),
    ]
    put_boxes(copy, size, boxes)
    write(copy, tmp_path / "yolo")
    assert compare(copy, tmp_path / "yolo") > len(boxes)
    found = yolo.read(tmp_path / "yolo/data.yaml")["00000002.png"]
    whole = [tuple(round(edge) for edge in box.edges) for box in found]
    assert whole == [(x, y, x + w, y + h) for x, y, w, h in boxes]


def test_an_image_without_objects_has_an_empty_file(copy: Path, tmp_path: Path) -> None:
    edit_labels(
        copy,
        lambda data: data.update(
            annotations=[each for each in data["annotations"] if each["image_id"] != 3]
        ),
    )
    write(copy, tmp_path / "yolo")
    assert (tmp_path / "yolo/labels/00000002.txt").read_bytes() == b""
    compare(copy, tmp_path / "yolo")


def test_classes_count_from_zero_in_the_order_of_ids(copy: Path, tmp_path: Path) -> None:
    names = ['杯子: "ü"', "no", "7", "- a #b", "'", "tab\there"] + [f"c{n}" for n in range(300)]

    def change(data: dict[str, Any]) -> None:
        data["categories"] = [{"id": 1000 - 3 * at, "name": name} for at, name in enumerate(names)]
        for at, record in enumerate(data["annotations"]):
            record["category_id"] = 1000 - 3 * (at % len(names))

    edit_labels(copy, change)
    write(copy, tmp_path / "yolo")
    assert compare(copy, tmp_path / "yolo") > len(names) / 100
    text = (tmp_path / "yolo/labels/00000000.txt").read_text()
    assert text.startswith("305 ")  # the highest id stands last


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.update(bbox=[90, 0, 7, 5]), "not in its picture of 96x72"),
        (lambda record: record.update(bbox=[0, 0, 0, 5]), "not in its picture"),
        (lambda record: record.update(category_id=9), "the unknown category 9"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(
    copy: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    edit_labels(copy, lambda data: change(data["annotations"][0]))
    with pytest.raises(DatasetError, match=said):
        write(copy, tmp_path / "yolo")
    assert not (tmp_path / "yolo").exists()


def test_what_is_left_out_is_told(copy: Path, tmp_path: Path) -> None:
    put_boxes(copy, (96, 9), [(0, 0, 5, 5), (0, 0, 5, 5), (1, 1, 2, 2)])
    edit_labels(copy, lambda data: data["annotations"][0].update(iscrowd=1))
    told = "\n".join(write(copy, tmp_path / "yolo").facts["left_out"])
    assert "labels that yolo does not carry: mask, amodal, pose" in told
    assert "objects that are to be ignored (iscrowd 1), which YOLO does not know: 1" in told
    assert "objects with the very box of another of their class" in told
    assert "images with a side below 10 pixels, which Ultralytics passes over: 1" in told
    assert "a split" in told


def test_two_pictures_of_one_name_are_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "images/b").mkdir()
    (copy / "images/b/00000001.jpg").write_bytes(b"")

    def change(data: dict[str, Any]) -> None:
        data["images"][2]["file_name"] = "images/b/00000001.jpg"
        data["images"][2]["files"]["picture"]["path"] = "images/b/00000001.jpg"

    edit_labels(copy, change)
    with pytest.raises(DatasetError, match=r"two files labels/00000001\.txt"):
        write(copy, tmp_path / "yolo")


def test_from_the_command_line(crowd: Path, tmp_path: Path) -> None:
    done = orbitset("dataset", "export", crowd, "--format", "yolo", "-o", tmp_path / "yolo")
    assert done.returncode == 0, done.stderr
    assert "warning: left out: labels that yolo does not carry: mask, amodal, pose" in done.stderr
    compare(crowd, tmp_path / "yolo")
    again = orbitset(
        "dataset", "export", crowd, "--format", "yolo", "-o", tmp_path / "yolo", "--json"
    )
    assert json.loads(again.stdout)["images"] == 8
    write(crowd, tmp_path / "b")
    assert contents(tmp_path / "yolo") == contents(tmp_path / "b")


SIDES = {"train": 0.5, "val": 0.3, "test": 0.2}


def test_a_split_lies_in_folders_that_data_yaml_names(crowd: Path, tmp_path: Path) -> None:
    choice = export_of({"format": "yolo", "split": SIDES})
    done = export(Layout(crowd), choice, tmp_path / "yolo")
    told = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert {side: told[side] for side in SIDES} == {side: f"images/{side}" for side in SIDES}
    found = [yolo.read(tmp_path / "yolo/data.yaml", side) for side in SIDES]
    assert [len(each) for each in found] == [4, 2, 2]
    whole = {name: boxes for each in found for name, boxes in each.items()}
    write(crowd, tmp_path / "whole")
    assert whole == yolo.read(tmp_path / "whole/data.yaml")
    assert not any("split" in each for each in done.facts["left_out"])
    for side, each in zip(SIDES, found, strict=True):
        assert done.facts["splits"][side]["images"] == len(each)
        assert done.facts["splits"][side]["annotations"] == sum(map(len, each.values()))


def test_sides_that_ultralytics_wants_are_there(crowd: Path, tmp_path: Path) -> None:
    choice = export_of({"format": "yolo", "split": {"fit": 0.5, "test": 0.5}})
    done = export(Layout(crowd), choice, tmp_path / "yolo")
    told = yaml.safe_load((tmp_path / "yolo/data.yaml").read_text())
    assert told["train"] == told["val"] == told["fit"] == "images/fit"
    assert any("a side val of the split" in each for each in done.facts["left_out"])
