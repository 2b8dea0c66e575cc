"""YOLO keypoints, compared to pycocotools' reading of COCO."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import supervision
from pycocotools.coco import COCO

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import DatasetError, Layout
from renderer.export import ultralytics
from renderer.export.write import export
from renderer.recipe.exports import export_of
from tests.conftest import contents
from tests.dataset.edits import edit_labels
from tests.export import yolo
from tests.export.planted import CLASSES, HEIGHT, WIDTH
from tests.export.yolo_sets import SIDES, add_kind, coco_of, copy_of, side_of, write_set

_NEAR = 0.025
EARS = KeypointSet(names=("nose", "left ear", "правое ухо"), skeleton=((0, 1),), flips=(0, 2, 1))
SETS = dict.fromkeys((1, 150, 300, 298, 299, 2, 3, 4, 5, 6), EARS)
# COCO counts from the middle of the first pixel: the frame is from -0.5 to 63.5.
POINTS = [-0.5, -0.5, 2, WIDTH - 0.5, HEIGHT - 0.5, 1, 0, 0, 0]


@pytest.fixture
def pointed(planted: Layout, tmp_path: Path) -> Layout:
    """The planted objects, each with three points."""
    layout = copy_of(planted, tmp_path / "pointed")
    random = np.random.default_rng(3)

    def change(data: dict[str, Any]) -> None:
        for record in data["annotations"]:
            x, y, w, h = record["bbox"]
            places = random.random((2, 2)) * [w, h] + [x - 0.5, y - 0.5]
            values = [*places[0].tolist(), 2, *places[1].tolist(), 1, 0, 0, 0]
            record.update(keypoints=values, num_keypoints=2, keypoints_cam=[[0.0, 0.0, 1.0]] * 3)
        data["annotations"][0].update(keypoints=POINTS)

    edit_labels(layout.root, change)
    add_kind(layout, "keypoints")
    return layout


def compare(layout: Layout, data: Path, splits: tuple[str, ...] = ()) -> int:
    found = {
        name: picture
        for side in dict.fromkeys(splits or ["train"])
        for name, picture in yolo.read_rows(data, side, "pose").items()
    }
    count = 0
    for name, records in coco_of(layout).items():
        picture = found.pop(name)
        assert len(picture.rows) == len(records)
        for (label, row), record in zip(picture.rows, records, strict=True):
            x, y, w, h = record["bbox"]
            assert label == record["name"]
            assert yolo.edges_of(row, picture.size) == pytest.approx(
                (x, y, x + w, y + h), abs=_NEAR
            )
            places, states = row[4:].reshape(-1, 3)[:, :2], row[6::3]
            wanted = np.array(record["keypoints"]).reshape(-1, 3)
            assert states.tolist() == wanted[:, 2].tolist()
            pixels = places * np.array(picture.size) - 0.5
            seen = states > 0
            assert pixels[seen] == pytest.approx(wanted[seen, :2], abs=_NEAR)
            assert not places[~seen].any()
            count += 1
    assert not found
    return count


def test_every_point_is_read_back(pointed: Layout, tmp_path: Path) -> None:
    summary = write_set(pointed, "yolo-pose", tmp_path / "pose", keypoints=SETS)
    assert compare(pointed, tmp_path / "pose/data.yaml") == summary.annotations == 10
    told = yolo.read_yaml(tmp_path / "pose/data.yaml")
    assert told["kpt_shape"] == [3, 3]
    assert told["flip_idx"] == [0, 2, 1]
    assert told["kpt_names"][0] == ["nose", "left ear", "правое ухо"]
    assert told["names"][299] == CLASSES[299]
    assert not any("0 0 0" in line for line in summary.left_out)
    write_set(pointed, "yolo-pose", tmp_path / "sides", SIDES, SETS)
    assert compare(pointed, tmp_path / "sides/data.yaml", SIDES) == 10


def test_points_of_categories_come_from_the_dataset(pointed: Layout, tmp_path: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        for category in data["categories"]:
            if category["id"] in SETS:
                names = list(EARS.names)
                category.update(keypoints=names, skeleton=[[1, 2]], flip_idx=list(EARS.flips))

    edit_labels(pointed.root, change)
    write_set(pointed, "yolo-pose", tmp_path / "a", keypoints=SETS)
    export(pointed, export_of({"format": "yolo-pose"}), tmp_path / "b")
    written = contents(tmp_path / "b")
    said = [written.pop(name) for name in ("export.json", "README.md")]
    assert written == contents(tmp_path / "a")
    assert "nose, left ear, правое ухо" in said[1].decode()


def test_supervision_reads_its_boxes(pointed: Layout, tmp_path: Path) -> None:
    write_set(pointed, "yolo-pose", tmp_path / "pose", keypoints=SETS)
    words = (tmp_path / "pose/images", tmp_path / "pose/labels", tmp_path / "pose/data.yaml")
    read, truth = supervision.DetectionDataset.from_yolo(*map(str, words)), coco_of(pointed)
    for path, _, objects in read:
        records = truth[Path(path).name]
        assert len(objects) == len(records)
        for at, record in enumerate(records):
            x, y, w, h = record["bbox"]
            assert read.classes[int(objects.class_id[at])] == record["name"]
            assert objects.xyxy[at] == pytest.approx((x, y, x + w, y + h), abs=_NEAR)


@pytest.mark.parametrize("what", ["points", "boxes"])
def test_the_comparison_sees_half_a_pixel(
    pointed: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    right = ultralytics.shares

    def shifted(values: Iterable[float], width: int, height: int) -> str:
        all_of = list(values)
        if (len(all_of) == 2) == (what == "points"):
            all_of[0] = abs(all_of[0] - 0.5)
        return right(all_of, width, height)

    monkeypatch.setattr(ultralytics, "shares", shifted)
    write_set(pointed, "yolo-pose", tmp_path / "pose", keypoints=SETS)
    with pytest.raises(AssertionError):
        compare(pointed, tmp_path / "pose/data.yaml")


def test_points_outside_and_models_without_are_told(pointed: Layout, tmp_path: Path) -> None:
    """Ultralytics passes over an image with a point outside; COCO may have some."""
    outside = [-0.6, 3, 2, WIDTH - 0.4, 3, 1, 5, 5, 2]

    def change(data: dict[str, Any]) -> None:
        data["annotations"][0].update(keypoints=outside)
        data["annotations"][1].update(keypoints=[], keypoints_cam=[], num_keypoints=0)

    edit_labels(pointed.root, change)
    told = write_set(pointed, "yolo-pose", tmp_path / "pose", keypoints=SETS).left_out
    assert "keypoints outside the picture, written as 0 0 0: 2" in told
    assert "keypoints of objects whose model has none, written as 0 0 0: 3" in told
    found = yolo.read_rows(tmp_path / "pose/data.yaml", "train", "pose")["00000000.png"]
    (_, first), (_, second), _ = found.rows
    assert first[4:10].tolist() == [0] * 6
    assert first[10:] * [WIDTH, HEIGHT, 1] == pytest.approx([5.5, 5.5, 2], abs=_NEAR)
    assert second[4:].tolist() == [0] * 9


def test_one_category_may_be_chosen(pointed: Layout, tmp_path: Path) -> None:
    other = KeypointSet(names=("a", "b"), flips=(1, 0))
    sets = {**SETS, 150: other}
    with pytest.raises(DatasetError, match=r"differ: .*thing 149 \(2\).*--option category=NAME"):
        write_set(pointed, "yolo-pose", tmp_path / "none", keypoints=sets)
    mirrored = {**SETS, 150: EARS.model_copy(update={"flips": (0, 1, 2)})}
    with pytest.raises(DatasetError, match="differ"):
        write_set(pointed, "yolo-pose", tmp_path / "mirrored", keypoints=mirrored)
    root = tmp_path / "one"
    summary = write_set(pointed, "yolo-pose", root, (), sets, category="thing 0")
    assert summary.annotations == 1
    assert "objects of other categories: 9" in summary.left_out
    assert yolo.read_yaml(root / "data.yaml")["names"] == {0: "thing 0"}
    (row,) = yolo.read_rows(root / "data.yaml", "train", "pose")["00000000.png"].rows
    assert row[0] == "thing 0"
    with pytest.raises(DatasetError, match="no category 'mug'"):
        write_set(pointed, "yolo-pose", tmp_path / "mug", (), sets, category="mug")
    with pytest.raises(DatasetError, match="category 'thing 6' has no keypoints"):
        write_set(pointed, "yolo-pose", tmp_path / "six", (), sets, category="thing 6")
    with pytest.raises(DatasetError, match="the dataset has no keypoints"):
        write_set(pointed, "yolo-pose", tmp_path / "empty")


def test_points_that_do_not_fit_are_refused(pointed: Layout, tmp_path: Path) -> None:
    edit_labels(pointed.root, lambda data: data["annotations"][0].update(keypoints=[1, 1, 2]))
    with pytest.raises(DatasetError, match="annotation 1 has 3 keypoint values"):
        write_set(pointed, "yolo-pose", tmp_path / "pose", keypoints=SETS)


def test_the_planted_points_are_coco_s(pointed: Layout) -> None:
    coco = COCO(pointed.root / "annotations/instances.json")
    assert coco.anns[1]["keypoints"] == POINTS
    assert side_of("00000004.png", SIDES) == "val"
