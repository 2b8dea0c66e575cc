"""Sides of YOLO sets, what their guides say, and boxes read by three other libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import supervision
from datumaro.components.dataset import Dataset
from labelformat.formats.yolov8 import YOLOv8ObjectDetectionInput
from labelformat.model.bounding_box import BoundingBoxFormat

from renderer.dataset.layout import Layout
from tests.conftest import contents
from tests.dataset.edits import edit_labels
from tests.export import yolo
from tests.export.test_yolo_maps import few_classes, with_depth
from tests.export.test_yolo_pose import SETS
from tests.export.yolo_sets import (
    SIDES,
    add_kind,
    coco_of,
    copy_of,
    guide_of,
    side_of,
    write_set,
)

_NEAR = 0.025
NAMES = ("yolo", "yolo-seg", "yolo-obb", "yolo-pose", "yolo-depth", "yolo-semantic")


def edges(record: dict[str, Any]) -> tuple[float, ...]:
    x, y, w, h = record["bbox"]
    return x, y, x + w, y + h


def test_boxes_of_every_side_are_read_back(planted: Layout, tmp_path: Path) -> None:
    summary = write_set(planted, "yolo", tmp_path / "set", SIDES)
    truth = coco_of(planted)
    for side in SIDES:
        found = yolo.read(tmp_path / "set/data.yaml", side)
        assert sorted(found) == [name for name in truth if side_of(name, SIDES) == side]
        for name, boxes in found.items():
            records = truth.pop(name)
            assert [box.name for box in boxes] == [record["name"] for record in records]
            for box, record in zip(boxes, records, strict=True):
                assert box.edges == pytest.approx(edges(record), abs=_NEAR)
    assert not truth
    assert not any("split" in line for line in summary.left_out)


def test_three_libraries_read_them(planted: Layout, tmp_path: Path) -> None:
    """Each side by itself; datumaro finds the sides in data.yaml."""
    root, splits = tmp_path / "set", ("train", "val")
    write_set(planted, "yolo", root, splits)
    truth = coco_of(planted)

    def must_be(name: str, found: list[tuple[str, tuple[float, ...]]]) -> None:
        records = truth[Path(name).with_suffix(".png").name]
        assert [label for label, _ in found] == [record["name"] for record in records]
        for (_, box), record in zip(found, records, strict=True):
            assert box == pytest.approx(edges(record), abs=_NEAR)
        seen.append(name)

    seen: list[str] = []
    for side in splits:
        words = (root / "images" / side, root / "labels" / side, root / "data.yaml")
        read = supervision.DetectionDataset.from_yolo(*map(str, words))
        for path, _, objects in read:
            places = [tuple(map(float, box)) for box in objects.xyxy]
            labels = [read.classes[int(each)] for each in objects.class_id]
            must_be(Path(path).name, list(zip(labels, places, strict=True)))
        for image in YOLOv8ObjectDetectionInput(root / "data.yaml", side).get_labels():
            must_be(
                image.image.filename,
                [
                    (each.category.name, tuple(each.box.to_format(BoundingBoxFormat.XYXY)))
                    for each in image.objects
                ],
            )
    read_all = Dataset.import_from(str(root), "yolo")
    labels = read_all.categories()[next(iter(read_all.categories()))]
    for item in read_all:
        assert item.subset == side_of(item.id, splits)
        # It keeps two digits of a pixel.
        must_be(
            item.id, [(labels[each.label].name, tuple(each.points)) for each in item.annotations]
        )
    assert len(seen) == 3 * 7


def test_sides_that_ultralytics_wants_are_there(planted: Layout, tmp_path: Path) -> None:
    layout = with_depth(few_classes(planted, tmp_path / "few"), tmp_path / "depth")
    for name in NAMES[:3] + NAMES[4:]:
        told = write_set(layout, name, tmp_path / name, ("fit", "test")).left_out
        data = yolo.read_yaml(tmp_path / name / "data.yaml")
        assert (data["train"], data["val"], data["test"]) == (*["images/fit"] * 2, "images/test")
        for side in ("train", "val"):
            said = f"a side {side} of the split (data.yaml has fit's pictures as {side}, too)"
            assert said in told


@pytest.fixture
def complete(planted: Layout, tmp_path: Path) -> Layout:
    """The planted dataset with what every format needs."""
    layout = with_depth(few_classes(planted, tmp_path / "few"), tmp_path / "complete")
    add_kind(layout, "keypoints")

    def change(data: dict[str, Any]) -> None:
        for record in data["annotations"]:
            record.update(keypoints=[], keypoints_cam=[], num_keypoints=0)

    edit_labels(layout.root, change)
    return layout


@pytest.mark.parametrize("splits", [(), SIDES])
@pytest.mark.parametrize("name", NAMES)
def test_what_a_guide_says_runs(
    complete: Layout, tmp_path: Path, name: str, splits: tuple[str, ...]
) -> None:
    pose = {"keypoints": SETS} if name == "yolo-pose" else {}
    root = tmp_path / "set"
    write_set(complete, name, root, splits, **pose)
    guide = guide_of(complete, name, splits, **pose)
    for path, _ in guide.holds:
        assert list(root.glob(path.replace("SIDE", "train").replace("NAME", "*"))), path
    words = [sys.executable, "-c", guide.loading]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    modules = {"opencv-python": "cv2", "supervision": "supervision"}
    assert all(modules[each] in guide.loading for each in guide.requires)


@pytest.mark.parametrize("name", ["yolo-seg", "yolo-obb", "yolo-semantic"])
def test_the_same_bytes_every_time(complete: Layout, tmp_path: Path, name: str) -> None:
    write_set(complete, name, tmp_path / "a")
    write_set(copy_of(complete, tmp_path / "copy"), name, tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
