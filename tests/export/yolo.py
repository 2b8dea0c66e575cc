"""A reader of YOLO detection sets by the rules of Ultralytics' documentation; nothing of ours."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image


@dataclass(frozen=True)
class Box:
    """A class name and left, top, right, bottom in pixels."""

    name: str
    edges: tuple[float, float, float, float]


def read(data: Path, side: str = "train") -> dict[str, list[Box]]:
    """Boxes by picture file, of one side of those in ``data.yaml``."""
    told = yaml.safe_load(data.read_text(encoding="utf-8"))
    assert {"train", "val", "names"} <= told.keys()
    assert "path" not in told
    names = {int(key): str(name) for key, name in told["names"].items()}
    assert sorted(names) == list(range(len(names)))
    folder = (data.parent / told[side]).resolve()
    return {path.name: read_labels(path, names) for path in sorted(folder.rglob("*.*"))}


def read_labels(picture: Path, names: dict[int, str]) -> list[Box]:
    sa, sb = f"{os.sep}images{os.sep}", f"{os.sep}labels{os.sep}"
    labels = Path(sb.join(str(picture).rsplit(sa, 1)).rsplit(".", 1)[0] + ".txt")
    assert picture.suffix[1:].lower() in {"bmp", "jpg", "jpeg", "png", "tif", "tiff", "webp"}
    with Image.open(picture) as image:
        width, height = image.size
    rows = [line.split() for line in labels.read_text().strip().splitlines() if line]
    table = np.array(rows, dtype=np.float32).reshape(-1, 5)  # single precision, as there
    assert (table >= 0).all()
    assert (table[:, 1:] <= 1).all()
    return [
        Box(
            names[int(number)],
            (
                float(width * (x - w / 2)),
                float(height * (y - h / 2)),
                float(width * (x + w / 2)),
                float(height * (y + h / 2)),
            ),
        )
        for number, x, y, w, h in table
    ]
