"""Datasets that differ in keys of our choice: planned, labelled by rays, pictures made of numbers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from renderer.asset import AssetCache
from renderer.dataset.assemble import assemble
from renderer.dataset.layout import Layout
from renderer.dataset.parts import write_part
from renderer.dataset.run_file import run_head
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from tests import shapes
from tests.conftest import planner_of_solids

BASE: dict[str, Any] = {
    "name": "base",
    "images": 100,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": {"integers": [1, 3]}},
        {"asset": "ball.ply", "category": "ball", "size_m": 0.5},
    ],
    "camera": {
        "resolution": [96, 72],
        "orbit": {
            "elevation_deg": {"low_discrepancy": [15, 50]},
            "fill": {"uniform": [0.4, 0.7]},
            "framing": [{"uniform": [-0.5, 0.5]}, {"uniform": [-0.5, 0.5]}],
        },
    },
    "accept": {"min_visibility": 0.0, "max_truncation": 0.95},
    "background": {"world": True},
    "labels": {"mask": False, "amodal": False, "pose": False},
    "render": {"engine": "workbench", "samples": 1},
}

# Values of a key that are not the base's: what is planted, for each measure that shows it.
SHIFTS: dict[str, tuple[tuple[str | int, ...], tuple[Any, ...]]] = {
    "size": (("camera", "orbit", "fill"), ({"uniform": [0.2, 0.4]}, {"uniform": [0.6, 0.9]})),
    "place_x": (
        ("camera", "orbit", "framing", 0),
        ({"uniform": [-0.9, 0.1]}, {"uniform": [0.1, 0.9]}),
    ),
    "place_y": (
        ("camera", "orbit", "framing", 1),
        ({"uniform": [0.1, 0.9]}, {"uniform": [-0.9, 0.0]}),
    ),
    "count": (("objects", 0, "count"), ({"integers": [3, 6]}, 5)),
    "brightness": (
        ("effects", "exposure", "stops"),
        ({"uniform": [-1.2, -0.4]}, {"uniform": [0.3, 1.0]}),
    ),
    "temperature": (
        ("effects", "white_balance", "temperature_k"),
        ({"uniform": [8500, 12000]}, {"uniform": [4500, 5500]}),
    ),
    "noise": (
        ("effects", "sensor_noise"),
        ({"shot": {"uniform": [0.04, 0.07]}, "read": 0.0}, {"shot": 0.03, "read": 0.0}),
    ),
}


def with_shifts(*names: str, which: int = 0, **more: Any) -> dict[str, Any]:
    """The base with some shifts, of each the first or second."""
    return with_values([(SHIFTS[name][0], SHIFTS[name][1][which]) for name in names], **more)


def with_values(values: Iterable[tuple[tuple[str | int, ...], Any]], **more: Any) -> dict[str, Any]:
    """The base with some values of keys."""
    recipe = {**deepcopy(BASE), **more}
    for path, value in values:
        inner: Any = recipe
        for step in path[:-1]:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
        inner[path[-1]] = deepcopy(value)
    return recipe


class Scenery:
    """Pictures of soft shapes and fine texture in linear light, a little other in each shot."""

    def render(self, shot: Shot) -> list[Frame]:
        width, height = shot.views[0].camera.resolution
        random = np.random.default_rng(shot.render.seed)
        small = random.uniform(0.05, 0.6, (6, 8, 3)).astype(np.float32)
        soft = cv2.resize(small.mean(2, keepdims=True) * 0.7 + small * 0.3, (width, height))
        fine = random.normal(1, 0.02, (height, width, 1)).astype(np.float32)
        color = np.ones((height, width, 4), np.float32)
        color[..., :3] = soft * fine * random.uniform(0.7, 1.4)
        return [Frame(color)] * len(shot.views)


class Plain:
    """One grey picture for all: where only boxes are looked at."""

    def render(self, shot: Shot) -> list[Frame]:
        width, height = shot.views[0].camera.resolution
        return [Frame(np.full((height, width, 4), 0.5, np.float32))] * len(shot.views)


def make_planner(cache: Path, recipe: dict[str, Any]) -> Planner:
    """A planner of a recipe of the two solids."""
    solids = {"box": shapes.box((0.6, 0.4, 0.8)), "ball": shapes.sphere(rings=24)}
    return planner_of_solids(AssetCache(cache), cache)(recipe, **solids)


def planted(root: Path, cache: Path, recipe: dict[str, Any], pictures: bool = False) -> Layout:
    """Write the dataset of a recipe, in the place of a former one."""
    shutil.rmtree(root, ignore_errors=True)
    planner, layout = make_planner(cache, recipe), Layout(root)
    renderer: Any = Scenery() if pictures else Plain()
    lines = list(Pipeline(planner, renderer, layout).run(range(planner.recipe.images)))
    write_part(layout, lines, 0)
    head = run_head(planner.recipe, "0", "0", {}).model_dump(mode="json")
    layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))
    assemble(layout)
    return layout
