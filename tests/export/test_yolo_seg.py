"""YOLO polygons: filled by three independent rules, and compared to pycocotools' reading of COCO."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import supervision
from labelformat.formats.yolov8 import YOLOv8InstanceSegmentationInput
from pycocotools import mask as coco_mask

from renderer.dataset.layout import DatasetError, Layout
from renderer.export import ultralytics
from tests.dataset.edits import edit_labels
from tests.export import yolo
from tests.export.planted import HEIGHT, WIDTH, Mask, Planted, boxes, make
from tests.export.yolo_sets import SIDES, coco_of, copy_of, side_of, write_set

# Two hundredths of a pixel, by which polygons lie inside their pixels' edges.
_NEAR = 0.025


def by_coco(points: Iterable[float], size: tuple[int, int]) -> Mask:
    """The mask (h, w) of a polygon x, y, x, y ... in pixels as COCO fills it."""
    runs = coco_mask.frPyObjects([[float(value) for value in points]], size[1], size[0])
    return np.asarray(coco_mask.decode(coco_mask.merge(runs)) > 0, np.bool_)


def compare(layout: Layout, data: Path, splits: tuple[str, ...] = ()) -> list[float]:
    """Compare instance by instance; return the intersection over union of what Ultralytics fills."""
    found = {
        side: yolo.read_rows(data, side or "train", "segment")
        for side in dict.fromkeys(splits or [""])
    }
    ious = []
    for name, records in coco_of(layout).items():
        picture = found[side_of(name, splits)].pop(name)
        assert len(picture.rows) == len(records)
        for (label, row), record in zip(picture.rows, records, strict=True):
            assert label == record["name"]
            pixels = row.reshape(-1, 2) * np.array(picture.size)
            assert (by_coco(pixels.ravel(), picture.size) == record["mask"]).all()
            mask = yolo.filled(row, picture.size)
            assert mask[record["mask"]].all()
            ious.append(record["mask"].sum() / mask.sum())
    assert not any(found.values())
    return ious


def test_every_mask_is_read_back(planted: Layout, tmp_path: Path) -> None:
    summary = write_set(planted, "yolo-seg", tmp_path / "seg")
    ious = compare(planted, tmp_path / "seg/data.yaml")
    assert len(ious) == summary.annotations == 10
    assert summary.images == 7
    assert sum(iou < 1 for iou in ious) == 1  # the mask in three parts
    (said,) = [line for line in summary.left_out if "intersection over union" in line]
    assert said.startswith("the exact masks of 1 objects")
    assert f"of {np.mean(ious):.4f} in the mean of all 10 objects, {min(ious):.4f} at least" in said
    assert (
        "objects that are to be ignored (iscrowd 1), which YOLO does not know: 1"
        in summary.left_out
    )
    assert (tmp_path / "seg/labels/00000005.txt").read_bytes() == b""


def test_sides_lie_in_folders(planted: Layout, tmp_path: Path) -> None:
    write_set(planted, "yolo-seg", tmp_path / "seg", SIDES)
    told = yolo.read_yaml(tmp_path / "seg/data.yaml")
    assert [told[side] for side in SIDES] == [f"images/{side}" for side in SIDES]
    assert len(compare(planted, tmp_path / "seg/data.yaml", SIDES)) == 10


def test_supervision_reads_it(planted: Layout, tmp_path: Path) -> None:
    write_set(planted, "yolo-seg", tmp_path / "seg")
    folder = tmp_path / "seg"
    words = (str(folder / "images"), str(folder / "labels"), str(folder / "data.yaml"))
    read = supervision.DetectionDataset.from_yolo(*words, force_masks=True)
    truth, count = coco_of(planted), 0
    for path, _, objects in read:
        records = truth[Path(path).name]
        assert len(objects) == len(records)
        for at, record in enumerate(records):
            x, y, w, h = record["bbox"]
            assert read.classes[int(objects.class_id[at])] == record["name"]
            assert objects.xyxy[at] == pytest.approx((x, y, x + w, y + h), abs=_NEAR)
            # It rounds, and fills the row on the edge, too.
            mask = objects.mask[at]
            assert mask[record["mask"]].all()
            count += 1
    assert count == 10


def test_labelformat_reads_it(planted: Layout, tmp_path: Path) -> None:
    write_set(planted, "yolo-seg", tmp_path / "seg", ("train", "val"))
    truth, count = coco_of(planted), 0
    for side in ("train", "val"):
        read = YOLOv8InstanceSegmentationInput(tmp_path / "seg/data.yaml", side)
        for image in read.get_labels():
            records = truth[image.image.filename]
            assert len(image.objects) == len(records)
            for found, record in zip(image.objects, records, strict=True):
                assert found.category.name == record["name"]
                (polygon,) = found.segmentation.polygons
                points = [value for point in polygon for value in point]
                assert (by_coco(points, (WIDTH, HEIGHT)) == record["mask"]).all()
                count += 1
    assert count == 10


def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ultralytics.shares

    def shifted(values: Iterable[float], width: int, height: int) -> str:
        return right([min(value + 0.5, width) for value in values], width, height)

    monkeypatch.setattr(ultralytics, "shares", shifted)
    write_set(planted, "yolo-seg", tmp_path / "seg")
    with pytest.raises(AssertionError):
        compare(planted, tmp_path / "seg/data.yaml")


def test_ragged_masks_are_exact(tmp_path: Path) -> None:
    """One part each, with holes and corners that touch, whatever the picture's size."""
    random = np.random.default_rng(5)
    scenes = []
    for _ in range(40):
        noise = cv2.GaussianBlur(random.random((HEIGHT, WIDTH)), (0, 0), 1.5)
        _, parts = cv2.connectedComponents((noise > 0.5).astype(np.uint8), connectivity=4)
        largest = np.bincount(parts[parts > 0]).argmax()
        scenes.append((Planted(1, parts == largest),))
    layout = make(tmp_path / "set", scenes)
    summary = write_set(layout, "yolo-seg", tmp_path / "seg")
    ious = compare(layout, tmp_path / "seg/data.yaml")
    assert len(ious) == 40
    # A bridge to a hole may cross another: a few pixels of it are filled, and that is told.
    assert min(ious) > 0.98
    told = [line for line in summary.left_out if "intersection over union" in line]
    assert bool(told) == (min(ious) < 1)


@pytest.mark.parametrize("size", [(8192, 11), (8191, 4999), (97, 8192), (641, 479)])
def test_numbers_have_digits_enough(size: tuple[int, int]) -> None:
    width, height = size
    at = np.unique(np.random.default_rng(1).integers(0, min(size), 200))
    for inside, whole in ((at + 0.01, at), (at + 0.99, at)):
        text = ultralytics.shares(
            [value for each in inside for value in (each, each)], width, height
        )
        pixels = np.array(text.split(), np.float32).reshape(-1, 2) * np.array(size, np.float32)
        assert (pixels.astype(np.int32) == whole[:, None]).all()


def test_two_with_one_box_are_told(planted: Layout, tmp_path: Path) -> None:
    corner = boxes((0, 0, 10, 10)) & ~boxes((4, 4, 2, 2))
    scenes = [(Planted(3, corner), Planted(3, boxes((0, 0, 1, 10), (9, 0, 1, 10))))]
    layout = make(tmp_path / "set", scenes)
    told = write_set(layout, "yolo-seg", tmp_path / "seg").left_out
    assert any(line.startswith("objects with the very box of another") for line in told)


@pytest.mark.parametrize(
    ("segmentation", "said"),
    [
        ({"size": [HEIGHT, WIDTH], "counts": "0"}, "a damaged mask"),
        ({"size": [1, 1], "counts": "1"}, "a damaged mask: its size"),
        ([], "a mask without a pixel"),
    ],
)
def test_damaged_masks_are_refused(
    planted: Layout, tmp_path: Path, segmentation: Any, said: str
) -> None:
    layout = copy_of(planted, tmp_path / "copy")
    edit_labels(layout.root, lambda data: data["annotations"][0].update(segmentation=segmentation))
    with pytest.raises(DatasetError, match=said):
        write_set(layout, "yolo-seg", tmp_path / "seg")
