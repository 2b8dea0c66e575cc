"""A dataset of what writers of formats get wrong, as its workers would have left it.

Pictures of 64 x 48: 0 three boxes of far classes; 1 a mask of two pixels in one part; 2 a ring, whose
hole another object fills; 3 a mask in three parts; 4 an object that reaches beyond the left edge, and
one in the last corner; 5 nothing; 6 an object that is ignored. 300 categories, names beyond ASCII.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from renderer import __version__
from renderer.dataset.assemble import assemble
from renderer.dataset.coco import file_record, image_record, label_record
from renderer.dataset.json_text import dumps
from renderer.dataset.layout import Layout
from renderer.dataset.records import PICTURE
from renderer.farm.asset_import import default_cache
from renderer.recipe.labels import Labels
from renderer.shot.shot import Shot
from renderer.truth.kinds.pose import pose_of
from renderer.truth.mask import encode_rle
from tests import shapes
from tests.conftest import put_solid
from tests.dataset.edits import edit_labels

WIDTH, HEIGHT = 64, 48
CLASSES = tuple(f"thing {number}" for number in range(297)) + ("чашка", "杯子", "tasse é")
_SHOT = Path(__file__).parent.parent / "benchmarks" / "shot.json"
# What all objects are of; the fixture puts it into the cache.
_MODEL = {
    "digest": "planted",
    "faces": 12,
    "size_m": (0.6, 0.4, 0.8),
    "source_to_model": np.eye(4).tolist(),
    "warnings": [],
}
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Planted:
    """One object: its category id, its visible mask (h, w), and its box (x, y, w, h) as a whole."""

    category: int
    mask: Mask
    whole: tuple[int, int, int, int] | None = None
    iscrowd: int = 0


def boxes(*given: tuple[int, int, int, int]) -> Mask:
    """A mask (h, w) of boxes (x, y, w, h)."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    for x, y, w, h in given:
        mask[y : y + h, x : x + w] = True
    return mask


_RING = boxes((10, 10, 30, 20)) & ~boxes((18, 15, 10, 8))
SCENES: tuple[tuple[Planted, ...], ...] = (
    (
        Planted(1, boxes((3, 4, 21, 13))),
        Planted(150, boxes((30, 5, 11, 30))),
        Planted(300, boxes((45, 20, 15, 25))),
    ),
    (Planted(298, boxes((5, 7, 2, 1))),),
    (Planted(299, _RING), Planted(2, boxes((18, 15, 10, 8)))),
    (Planted(3, boxes((2, 2, 9, 9), (20, 5, 10, 6), (12, 30, 40, 3))),),
    (Planted(4, boxes((0, 10, 12, 10)), (-20, 10, 32, 10)), Planted(5, boxes((63, 47, 1, 1)))),
    (),
    (Planted(6, boxes((8, 8, 20, 20))), Planted(7, boxes((40, 8, 3, 3)), iscrowd=1)),
)


def _annotation(shot: Shot, planted: Planted, number: int) -> dict[str, Any]:
    rows, columns = np.nonzero(planted.mask)
    x, y = int(columns.min()), int(rows.min())
    box = [x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1]
    rle, whole, area = encode_rle(planted.mask), list(planted.whole or box), len(rows)
    beyond = 1 - area / (whole[2] * whole[3]) if planted.whole else 0.0
    entry = shot.objects[number]
    return {
        **label_record(entry, planted.category).model_dump(),
        "iscrowd": planted.iscrowd,
        "bbox": box,
        "area": area,
        "segmentation": rle,
        "visibility": 1.0,
        "visib_fract": round(1 - beyond, 6),
        "truncation": round(beyond, 6),
        "amodal_bbox": whole,
        "amodal_segmentation": rle,
        **pose_of(shot.views[0].camera, entry).model_dump(mode="json"),
    }


def make(
    root: Path,
    scenes: Sequence[Sequence[Planted]] = SCENES,
    classes: Sequence[str] = CLASSES,
) -> Layout:
    """Write the dataset, and merge it."""
    layout = Layout(root)
    for folder in (layout.parts, layout.images):
        folder.mkdir(parents=True)
    model, lines = json.loads(_SHOT.read_text()), []
    for index, scene in enumerate(scenes):
        entries = [
            {**model["objects"][0], "instance": at + 1, "category": classes[each.category - 1]}
            for at, each in enumerate(scene)
        ]
        shot = Shot.model_validate({**model, "index": index, "objects": entries})
        (of,) = shot.images
        buffer = io.BytesIO()
        Image.new("RGB", (WIDTH, HEIGHT), (40 * index, 90, 120)).save(buffer, "PNG")
        (layout.root / of.file_name).write_bytes(buffer.getvalue())
        files = {PICTURE: file_record(of.file_name, buffer.getvalue())}
        image = image_record(shot, of, files, 0.3, ())
        annotations = [_annotation(shot, each, at) for at, each in enumerate(scene)]
        lines.append(
            {
                "index": index,
                "shot": shot.model_dump(mode="json"),
                "images": [{"image": image.model_dump(mode="json"), "annotations": annotations}],
            }
        )
    name = f"{0:08d}-{len(lines) - 1:08d}.000.0.jsonl"
    (layout.parts / name).write_text("".join(dumps(line) + "\n" for line in lines))
    head = {
        "name": "planted",
        "orbitset": __version__,
        "bpy": "0",
        "seed": 0,
        "categories": list(classes),
        "labels": Labels().model_dump(mode="json"),
        "warnings": [],
        "assets": {"box.ply": _MODEL},
        "recipe": {"images": len(lines), "output": {"exports": []}},
    }
    layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))
    assert not assemble(layout).missing
    return layout


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """The dataset, its model in the cache; do not write into it."""
    if not default_cache().has("planted"):
        put_solid(default_cache(), "planted", *shapes.box((0.6, 0.4, 0.8)))
    return make(tmp_path_factory.mktemp("planted") / "set")


def planted_orbits(planted: Layout, root: Path) -> Layout:
    """A copy of the dataset whose images are views of two shots, four and three."""
    shutil.copytree(planted.root, root)

    def change(data: dict[str, Any]) -> None:
        for image in data["images"]:
            first = image["id"] <= 4
            ids = range(1, 5) if first else range(5, 8)
            image["shot"] = 0 if first else 1
            image["views"] = {f"view {at}": number for at, number in enumerate(ids)}

    edit_labels(root, change)
    return Layout(root)
