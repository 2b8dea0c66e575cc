"""YOLO oriented boxes, compared to the smallest rectangle that trying every edge of the hull finds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import supervision

from renderer.dataset.layout import Layout
from renderer.export import ultralytics
from tests.export import yolo
from tests.export.planted import HEIGHT, WIDTH, Mask, Planted, boxes, make
from tests.export.yolo_sets import SIDES, coco_of, side_of, write_set

Points = npt.NDArray[np.float64]

# OpenCV's single precision, in pixels; and in shares of an area.
_NEAR, _SHARE = 2e-3, 1e-3


def turned(centre: tuple[float, float], size: tuple[float, float], degrees: float) -> Mask:
    """The pixels whose middles are in a turned rectangle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    turn = np.radians(degrees)
    along = (x - centre[0]) * np.cos(turn) + (y - centre[1]) * np.sin(turn)
    across = (y - centre[1]) * np.cos(turn) - (x - centre[0]) * np.sin(turn)
    return np.asarray((abs(along) <= size[0] / 2) & (abs(across) <= size[1] / 2), np.bool_)


def pixel_corners(mask: Mask) -> Points:
    rows, columns = np.nonzero(mask)
    return np.array(
        [
            (x + dx, y + dy)
            for x, y in zip(columns, rows, strict=True)
            for dx in (0, 1)
            for dy in (0, 1)
        ],
        np.float64,
    )


def smallest_area(points: Points) -> float:
    """The area of the smallest rectangle: one of its sides lies on an edge of the hull."""
    hull = cv2.convexHull(points.astype(np.int32))[:, 0].astype(np.float64)
    edges = np.roll(hull, -1, axis=0) - hull
    areas = []
    for x, y in edges / np.linalg.norm(edges, axis=1)[:, None]:
        along, across = hull @ [x, y], hull @ [-y, x]
        areas.append(np.ptp(along) * np.ptp(across))
    return float(min(areas))


def must_be_smallest(corners: Points, mask: Mask) -> None:
    """A rectangle of right angles, about all pixels, of the least area."""
    a, b = corners[1] - corners[0], corners[2] - corners[1]
    assert corners[0] + b == pytest.approx(corners[3], abs=_NEAR)
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    assert abs(a @ b) <= _NEAR * max(lengths)
    points = pixel_corners(mask)
    for side, length in ((a, lengths[0]), (b, lengths[1])):
        along = (points - corners[0]) @ side / length
        assert along.min() >= -_NEAR
        assert along.max() <= length + _NEAR
        assert (along.min(), along.max()) == pytest.approx((0, length), abs=_NEAR)
    assert lengths[0] * lengths[1] == pytest.approx(smallest_area(points), rel=_SHARE)


def compare(layout: Layout, data: Path, splits: tuple[str, ...] = ()) -> int:
    found = {
        name: picture
        for side in dict.fromkeys(splits or ["train"])
        for name, picture in yolo.read_rows(data, side, "obb").items()
    }
    count = 0
    for name, records in coco_of(layout).items():
        picture = found.pop(name)
        assert len(picture.rows) == len(records)
        for (label, row), record in zip(picture.rows, records, strict=True):
            assert label == record["name"]
            assert len(row) == 8
            must_be_smallest(row.reshape(4, 2) * np.array(picture.size, np.float64), record["mask"])
            count += 1
    assert not found
    return count


def test_planted_objects_are_read_back(planted: Layout, tmp_path: Path) -> None:
    summary = write_set(planted, "yolo-obb", tmp_path / "obb")
    assert compare(planted, tmp_path / "obb/data.yaml") == summary.annotations == 10
    write_set(planted, "yolo-obb", tmp_path / "sides", SIDES)
    assert compare(planted, tmp_path / "sides/data.yaml", SIDES) == 10
    assert (tmp_path / "sides/labels" / side_of("00000005.png", SIDES) / "00000005.txt").exists()


def test_turned_objects_are_read_back(tmp_path: Path) -> None:
    scenes = [
        (Planted(1, turned((32, 24), (26, 9), degrees)), Planted(2, boxes((60, 0, 3, 3))))
        for degrees in range(0, 180, 11)
    ]
    layout = make(tmp_path / "set", scenes)
    summary = write_set(layout, "yolo-obb", tmp_path / "obb")
    assert compare(layout, tmp_path / "obb/data.yaml") == 2 * len(scenes)
    assert not any("beyond" in line for line in summary.left_out)
    words = (tmp_path / "obb/images", tmp_path / "obb/labels", tmp_path / "obb/data.yaml")
    read = supervision.DetectionDataset.from_yolo(*map(str, words), is_obb=True)
    truth = coco_of(layout)
    for path, _, objects in read:
        records = truth[Path(path).name]
        for at, record in enumerate(records):
            assert read.classes[int(objects.class_id[at])] == record["name"]
            must_be_smallest(objects.data["xyxyxyxy"][at].astype(np.float64), record["mask"])


def test_the_comparison_sees_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = ultralytics.shares

    def shifted(values: Iterable[float], width: int, height: int) -> str:
        return right([min(value + 0.5, width) for value in values], width, height)

    monkeypatch.setattr(ultralytics, "shares", shifted)
    write_set(planted, "yolo-obb", tmp_path / "obb")
    with pytest.raises(AssertionError):
        compare(planted, tmp_path / "obb/data.yaml")


def test_what_reaches_beyond_the_picture_is_told(tmp_path: Path) -> None:
    """A band cut by a corner: the rectangle about what is left has corners beyond the picture."""
    across = turned((4, 6), (30, 7), 55)
    whole = turned((32, 24), (200, 14), 36.87)
    layout = make(tmp_path / "set", [(Planted(1, across),), (Planted(2, whole),)])
    told = write_set(layout, "yolo-obb", tmp_path / "obb").left_out
    rows = [
        (tmp_path / f"obb/labels/{name}.txt").read_text().split()[1:]
        for name in ("00000000", "00000001")
    ]
    first, second = (np.array(row, np.float64).reshape(4, 2) * [WIDTH, HEIGHT] for row in rows)
    must_be_smallest(first, across)
    assert first.min() < -1
    assert second == pytest.approx(np.array([[0, 0], [64, 0], [64, 48], [0, 48]]), abs=_NEAR)
    assert any(line.startswith("rectangles as they are") and line.endswith(": 1") for line in told)
    assert any(line.startswith("the turn of rectangles") and line.endswith(": 1") for line in told)
