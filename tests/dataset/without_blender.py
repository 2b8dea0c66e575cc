"""A dataset of a few views of solids that no engine has rendered: labels are by rays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

CUT: dict[str, Any] = {
    "name": "cut",
    "images": 6,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": 2},
        {"asset": "ball.ply", "category": "ball", "size_m": 0.5},
    ],
    "camera": {
        "resolution": [96, 72],
        "orbit": {"distance_m": 2, "framing": [{"uniform": [-1, 1]}, 0]},
    },
    "accept": {"min_visibility": 0.0, "max_truncation": 0.95},
    "background": {"world": True},
    "render": {"engine": "workbench", "samples": 1},
}


class StubRenderer:
    """Grey noise for a picture, and a broken shutter for some shots."""

    def __init__(self, breaks: frozenset[int] = frozenset()) -> None:
        self.breaks = breaks

    def render(self, shot: Shot) -> list[Frame]:
        if shot.index in self.breaks:
            raise RuntimeError("the shutter is stuck")
        width, height = shot.views[0].camera.resolution
        noise = np.random.default_rng(shot.index).random((height, width, 4)).astype(np.float32)
        noise[..., 3] = 1
        return [Frame(noise)] * len(shot.views)


def dataset_of(
    plain_planner: Callable[..., Planner],
    root: Path,
    breaks: frozenset[int] = frozenset(),
    **recipe: Any,
) -> tuple[Layout, AssetCache]:
    """The dataset of ``CUT`` with some keys otherwise, and the cache of its models."""
    planner = plain_planner(
        {**CUT, **recipe}, box=shapes.box((0.6, 0.4, 0.8)), ball=shapes.sphere(rings=24)
    )
    layout = Layout(root)
    lines = list(Pipeline(planner, StubRenderer(breaks), layout).run(range(planner.recipe.images)))
    write_part(layout, lines, 0)
    head = run_head(planner.recipe, "0", "0", {}).model_dump(mode="json")
    layout.run.write_text(json.dumps({"fingerprint": "0", "head": head}))
    assemble(layout)
    return layout, planner.cache
