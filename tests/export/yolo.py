"""A reader of YOLO sets by the rules of Ultralytics' documentation and loader; nothing of ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml
from PIL import Image

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Box:
    """A class name and left, top, right, bottom in pixels."""

    name: str
    edges: tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """A picture's size (w, h), and of each object its class name and the numbers behind it."""

    size: tuple[int, int]
    rows: list[tuple[str, Floats]]


def read_yaml(data: Path) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(data.read_text(encoding="utf-8"))
    assert {"train", "val", "names"} <= told.keys()
    assert "path" not in told
    assert sorted(told["names"]) == list(range(len(told["names"])))
    assert told.get("nc", len(told["names"])) == len(told["names"])
    return told


def pictures(data: Path, side: str = "train") -> list[Path]:
    """The pictures of a side."""
    folder = (data.parent / read_yaml(data)[side]).resolve()
    found = sorted(path for path in folder.rglob("*.*"))
    suffixes = {"bmp", "jpg", "jpeg", "png", "tif", "tiff", "webp"}
    assert {path.suffix[1:].lower() for path in found} <= suffixes
    return found


def beside(picture: Path, folder: str, suffix: str) -> Path:
    """Where a picture's other file lies."""
    sa, sb = f"{os.sep}images{os.sep}", f"{os.sep}{folder}{os.sep}"
    return Path(sb.join(str(picture).rsplit(sa, 1)).rsplit(".", 1)[0] + suffix)


def read_rows(data: Path, side: str = "train", task: str = "detect") -> dict[str, Picture]:
    """The rows of every picture by its name; what would not be read, or not as it is, fails."""
    told = read_yaml(data)
    found = {}
    for path in pictures(data, side):
        with Image.open(path) as image:
            size = image.size
        lines = beside(path, "labels", ".txt").read_text(encoding="utf-8").strip().splitlines()
        rows = [line.split() for line in lines if line]
        table = [np.array(row, dtype=np.float32) for row in rows]  # single precision, as there
        _must_be_read(table, task, told)
        found[path.name] = Picture(size, [(told["names"][int(row[0])], row[1:]) for row in table])
    return found


def _must_be_read(table: list[Floats], task: str, told: dict[str, Any]) -> None:
    if not table:
        return
    lengths = {len(row) for row in table}
    if task == "pose":
        count, dims = told["kpt_shape"]
        assert lengths == {5 + count * dims}
        assert sorted(told["flip_idx"]) == list(range(count))
        points = np.array(table)[:, 5:].reshape(-1, dims)[:, :2]
        assert points.min() >= 0
        assert points.max() <= 1
        table = [row[:5] for row in table]
    elif task == "detect":
        assert lengths == {5}
    else:
        assert min(lengths) > 6
        assert all(length % 2 for length in lengths)
        table = [np.concatenate([row[:1], _box_about(row[1:])]) for row in table]
    boxes = np.array(table)
    assert boxes.min() >= 0
    assert boxes[:, 1:].max() <= 1
    assert boxes[:, 0].max() < len(told["names"])
    assert len(np.unique(boxes, axis=0)) == len(boxes) or task == "pose"


def _box_about(points: Floats) -> Floats:
    x, y = points[::2], points[1::2]
    low, high = np.array([x.min(), y.min()]), np.array([x.max(), y.max()])
    return np.concatenate([(low + high) / 2, high - low])


def edges_of(row: Floats, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels of x, y, w, h in shares."""
    width, height = size
    x, y, w, h = (float(value) for value in row[:4])
    return width * (x - w / 2), height * (y - h / 2), width * (x + w / 2), height * (y + h / 2)


def read(data: Path, side: str = "train") -> dict[str, list[Box]]:
    """Boxes by picture file, of a side."""
    return {
        name: [Box(label, edges_of(row, picture.size)) for label, row in picture.rows]
        for name, picture in read_rows(data, side).items()
    }


def filled(row: Floats, size: tuple[int, int]) -> Mask:
    """The mask (h, w) that Ultralytics makes of a polygon in a picture of its own size."""
    mask = np.zeros(size[::-1], np.uint8)
    points = row.reshape(-1, 2) * np.array(size, np.float32)
    cv2.fillPoly(mask, [points.astype(np.int32)], color=(1,))
    return mask > 0
