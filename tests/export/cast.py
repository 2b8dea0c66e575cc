"""Datasets of solids that stand where a test puts them: labels are ray cast, nothing is rendered."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from renderer import __version__
from renderer.asset import AssetCache
from renderer.dataset.assemble import assemble
from renderer.dataset.coco import file_record, image_record, label_record
from renderer.dataset.json_text import dumps
from renderer.dataset.layout import Layout
from renderer.dataset.records import PICTURE
from renderer.export.format import Summary
from renderer.export.sample import Sample, read_samples
from renderer.export.target import FolderTarget
from renderer.export.write import head_of
from renderer.recipe.exports import export_of
from renderer.recipe.labels import Labels
from renderer.registry import FORMATS
from renderer.shot.scene import to_matrix4
from renderer.shot.shot import Shot
from renderer.truth.labelling import label
from renderer.truth.view import ViewTruth

Array = npt.NDArray[np.float64]

SIZE = 96, 72
K = ((120.0, 0.0, 50.3), (0.0, 118.0, 33.7), (0.0, 0.0, 1.0))
# A camera at the origin that looks along the world's y.
LEVEL = np.array([[1, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 0], [0, 0, 0, 1]], float)
_SHOT = json.loads((Path(__file__).parent.parent / "benchmarks/shot.json").read_text())


@dataclass(frozen=True)
class Thing:
    """A solid by its name, where its origin is, how it is turned, and how large it is."""

    solid: str
    at: tuple[float, float, float]
    turn: Array | None = None
    scale: float = 1.0

    @property
    def to_world(self) -> Array:
        matrix = np.eye(4)
        matrix[:3, :3] = self.scale * (np.eye(3) if self.turn is None else self.turn)
        matrix[:3, 3] = self.at
        return matrix


@dataclass(frozen=True)
class Scene:
    """Things before cameras, each (4, 4) ``world_to_camera``."""

    things: Sequence[Thing]
    cameras: Sequence[Array] = (LEVEL,)
    distortion: dict[str, Any] | None = None
    size: tuple[int, int] = SIZE


def yaw(degrees: float) -> Array:
    """The turn (3, 3) about the world's z."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def pitched(degrees: float) -> Array:
    """``LEVEL``, looking down by some degrees."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    return turn @ LEVEL


def _shot(index: int, scene: Scene) -> Shot:
    views = [
        {
            **_SHOT["views"][0],
            "name": f"v{at}" if len(scene.cameras) > 1 else "",
            "camera": {
                "resolution": scene.size,
                "K": K,
                "distortion": scene.distortion,
                "world_to_camera": to_matrix4(camera),
            },
        }
        for at, camera in enumerate(scene.cameras)
    ]
    objects = [
        {
            "instance": at,
            "category": thing.solid,
            "asset": thing.solid,
            "file": f"{thing.solid}.ply",
            "scale": thing.scale,
            "model_to_world": to_matrix4(thing.to_world),
        }
        for at, thing in enumerate(scene.things, start=1)
    ]
    background = {**_SHOT["background"], "floor": None, "shadows": False, "color": (0, 0, 0)}
    more = {"index": index, "objects": objects, "views": views, "background": background}
    return Shot.model_validate({**_SHOT, **more})


def make(
    root: Path, cache: AssetCache, scenes: Sequence[Scene], suffix: str = "png", **labels: Any
) -> Layout:
    """Write a dataset of solids that are in a cache under their names, and merge it."""
    layout, on = Layout(root), Labels.model_validate(labels).on
    names = sorted({thing.solid for scene in scenes for thing in scene.things})
    layout.parts.mkdir(parents=True)
    layout.images.mkdir()
    lines = []
    for index, scene in enumerate(scenes):
        shot, images = _shot(index, scene), []
        for of in shot.images:
            truth = ViewTruth.of(shot, of.view.camera, cache)
            made = label(truth, on)
            picture = io.BytesIO()
            colour = Image.new("RGB", scene.size, (10, 20, 30 + index))
            colour.save(picture, suffix.upper(), **({"lossless": True} if suffix == "webp" else {}))
            name = str(Path(of.file_name).with_suffix(f".{suffix}"))
            contents = {PICTURE: (name, picture.getvalue())}
            contents |= {key: (path, data) for key, path, data in made.paths(of.stem)}
            for path, data in contents.values():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(data)
            files = {key: file_record(*each) for key, each in contents.items()}
            record = image_record(shot, replace(of, file_name=name), files, 0.3, made.warnings)
            annotations = [
                {
                    **label_record(entry, names.index(entry.category or "") + 1).model_dump(),
                    **made.objects[entry.instance],
                }
                for entry in shot.objects
                if entry.instance in made.objects
            ]
            images.append(
                {
                    "image": {**record.model_dump(mode="json"), **made.image},
                    "annotations": annotations,
                }
            )
        lines.append({"index": index, "shot": shot.model_dump(mode="json"), "images": images})
    part = f"{0:08d}-{len(lines) - 1:08d}.000.0.jsonl"
    (layout.parts / part).write_text("".join(dumps(line) + "\n" for line in lines))
    head = {
        "name": "cast",
        "orbitset": __version__,
        "bpy": "0",
        "seed": 0,
        "categories": names,
        "labels": {name: each.model_dump(mode="json") for name, each in on.items()},
        "warnings": [],
        "assets": {f"{name}.ply": _asset(cache, name) for name in names},
        "recipe": {"images": len(lines), "output": {"exports": []}},
    }
    layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))
    assert not assemble(layout).missing
    return layout


def _asset(cache: AssetCache, name: str) -> dict[str, Any]:
    facts = cache.facts(name)
    return {
        "digest": name,
        "faces": facts.faces,
        "size_m": facts.size_m,
        "source_to_model": facts.source_to_model,
        "warnings": [],
    }


def write(
    layout: Layout,
    name: str,
    root: Path,
    cache: AssetCache | None = None,
    change: Callable[[Sample], Sample] = lambda sample: sample,
    splits: tuple[str, ...] = (),
    **options: Any,
) -> Summary:
    """Write a dataset in a format, each sample changed before."""
    head = head_of(layout, splits, cache)
    root.mkdir(parents=True)
    target = FolderTarget(root)
    choice = export_of({"format": name, **options})
    done: Summary = FORMATS.get(name).write(map(change, read_samples(layout)), head, target, choice)
    target.finish()
    return done
