"""Memory and time of merging, reporting and validating many annotation records.

``python -m tests.benchmarks.records [SIZE ...]``, by default 100,000 and 1,000,000 records. Each
step runs in a process of its own, whose peak memory the kernel tells. Exit code 1 where a step takes
600 MB or more, or where ten times the records take more than 12 times as long.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from renderer import __version__
from renderer.dataset.assemble import assemble
from renderer.dataset.coco import file_record, image_record, label_record
from renderer.dataset.json_text import dumps
from renderer.dataset.layout import Layout
from renderer.dataset.records import PICTURE
from renderer.dataset.validate import validate
from renderer.recipe.labels import Labels
from renderer.shot.camera import View
from renderer.shot.shot import Shot
from renderer.truth.kinds.pose import pose_of
from renderer.truth.mask import encode_rle

_PER_IMAGE = 4
_LINES_A_PART = 256
_SIDE = 16
_BRIGHTNESS = 0.3952  # of teal: 128/255 of the shares of green and blue
_LIMIT_MB = 600
_LINKS = 30_000  # ext4 allows 65,000 names a file
# What all objects are of.
MODEL = {
    "digest": "thing",
    "faces": 12,
    "size_m": (0.6, 0.4, 0.8),
    "source_to_model": np.eye(4).tolist(),
    "warnings": [],
}


def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (_SIDE, _SIDE), "teal").save(buffer, "PNG")
    return buffer.getvalue()


def crowded(shot: dict[str, Any]) -> Shot:
    """The shot with a picture of our size and an object for each record."""
    thing = {
        **shot["objects"][0],
        "category": "thing",
        "file": "models/category/instance/model.gltf",
    }
    things = [{**thing, "instance": number + 1} for number in range(_PER_IMAGE)]
    view = shot["views"][0]
    camera = {**view["camera"], "resolution": [_SIDE, _SIDE]}
    return Shot.model_validate({**shot, "views": [{**view, "camera": camera}], "objects": things})


def record(number: int, shot: Shot) -> dict[str, Any]:
    """The label of one quadrant of an image, half hidden by nothing at all."""
    entry = shot.objects[number]
    pose = pose_of(shot.views[0].camera, entry)
    half = _SIDE // 2
    x, y = number % 2 * half, number // 2 * half
    mask = np.zeros((_SIDE, _SIDE), np.bool_)
    mask[y : y + half, x : x + half] = True
    rle = encode_rle(mask)
    return {
        **label_record(entry, 1).model_dump(),
        "bbox": [x, y, half, half],
        "area": half * half,
        "segmentation": rle,
        "visibility": 1.0,
        "visib_fract": 1.0,
        "truncation": 0.0,
        "amodal_bbox": [x, y, half, half],
        "amodal_segmentation": rle,
        **pose.model_dump(mode="json"),
    }


def _views(model: Shot, index: int, count: int) -> Iterator[View]:
    for at in range(count):
        turned = (index * count + at) * 0.61803398875 % 360
        name = f"{at:02d}" if count > 1 else model.views[0].name
        yield model.views[0].model_copy(update={"name": name, "azimuth_deg": turned})


def _links(content: bytes) -> Callable[[Path], None]:
    """Return what puts a file to a path: most are links to one before."""
    made: list[Path] = []

    def place(path: Path) -> None:
        if len(made) % _LINKS == 0:
            path.write_bytes(content)
        else:
            os.link(made[len(made) // _LINKS * _LINKS], path)
        made.append(path)

    return place


def make(root: Path, records: int, views: int = 1) -> None:
    """Write the parts and images of a run as workers would have; shots have so many views."""
    layout, shots = Layout(root), records // _PER_IMAGE // views
    for folder in (layout.parts, layout.images):
        folder.mkdir(parents=True)
    content = picture()
    model = crowded(json.loads((Path(__file__).parent / "shot.json").read_text()))
    annotations = [record(number, model) for number in range(_PER_IMAGE)]
    place = _links(content)
    for first in range(0, shots, _LINES_A_PART):
        lines = []
        for index in range(first, min(first + _LINES_A_PART, shots)):
            scene = model.model_copy(
                update={"index": index, "views": tuple(_views(model, index, views))}
            )
            images = []
            for of in scene.images:
                place(layout.root / of.file_name)
                files = {PICTURE: file_record(of.file_name, content)}
                image = image_record(scene, of, files, _BRIGHTNESS, ())
                images.append({"image": image.model_dump(mode="json"), "annotations": annotations})
            line = {"index": index, "shot": scene.model_dump(mode="json"), "images": images}
            lines.append(dumps(line) + "\n")
        last = first + len(lines) - 1
        (layout.parts / f"{first:08d}-{last:08d}.000.0.jsonl").write_text("".join(lines))
    head = {
        "name": "records",
        "orbitset": __version__,
        "bpy": "0",
        "seed": 0,
        "categories": ["thing"],
        "labels": Labels().model_dump(mode="json"),
        "warnings": [],
        "assets": {model.objects[0].file: MODEL},
        "recipe": {"images": shots, "output": {"exports": []}},
    }
    layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))


def peak_mb() -> float:
    """The most memory that this process had, as Linux tells it. What getrusage tells begins with the
    memory of the process that started it.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def step(name: str, root: Path) -> None:
    """Run one step in this process and print what it took."""
    begun = time.perf_counter()
    if name == "merge and report":
        result = assemble(Layout(root))
        assert not result.missing
        count = result.annotations
    else:
        validation = validate(Layout(root), None)
        assert not validation.findings, validation.findings[:3]
        count = validation.annotations
    seconds = time.perf_counter() - begun
    print(json.dumps({"records": count, "seconds": seconds, "peak_mb": peak_mb()}))


def main(sizes: list[int]) -> None:
    good, rates = True, dict[str, list[float]]()
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="orbitset-records-") as scratch:
            root = Path(scratch) / "set"
            make(root, size)
            for name in ("merge and report", "validate"):
                command = [sys.executable, "-m", "tests.benchmarks.records", name, str(root)]
                answer = subprocess.run(command, capture_output=True, text=True, check=True)
                took = json.loads(answer.stdout.splitlines()[-1])
                assert took["records"] == size
                micro = took["seconds"] / size * 1e6
                rates.setdefault(name, []).append(micro)
                good = good and took["peak_mb"] < _LIMIT_MB
                print(
                    f"{size:>9,} records, {name:<16} {took['seconds']:7.1f} s "
                    f"({micro:.0f} us a record), peak {took['peak_mb']:.0f} MB",
                    flush=True,
                )
    good = good and all(each[-1] < 1.2 * each[0] for each in rates.values())
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    if len(sys.argv) == 3 and not sys.argv[1].isdigit():
        step(sys.argv[1], Path(sys.argv[2]))
    else:
        main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000])
