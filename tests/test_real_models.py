"""Every real model at hand renders and is labelled from a three-line recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.dataset.layout import Layout
from renderer.pipeline import Pipeline
from renderer.plan import Planner
from renderer.values.files import MODEL_SUFFIXES
from tests.conftest import REPOSITORY, SHARED

FOLDERS = [SHARED / "models", REPOSITORY / "assets" / "models"]
MODELS = {
    path.parent.name: path
    for folder in FOLDERS
    for path in sorted(folder.glob("*/*"))
    if path.suffix.lower() in MODEL_SUFFIXES
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_three_lines_are_enough(
    make_planner: Callable[..., Planner], scene_renderer: Any, tmp_path: Path, name: str
) -> None:
    """Nothing but name, images, asset and category, at the default 640 x 480 and 16 samples but
    for the test's own small frame."""
    path = MODELS[name]
    planner = make_planner(
        {
            "name": "three-lines",
            "images": 1,
            "objects": [{"asset": path.name, "category": name}],
            "camera": {"resolution": [80, 60]},
            "render": {"samples": 2},
        },
        path.parent,
    )
    (line,) = Pipeline(planner, scene_renderer, Layout(tmp_path)).run([0])
    assert "failed" not in line, line
    (image,) = line["images"]
    (record,) = image["annotations"]
    assert record["visibility"] == 1
    assert record["truncation"] == 0
    _, _, width, height = record["bbox"]
    # The default fill is 0.55 to 0.8 of the frame.
    assert 0.5 < max(width / 80, height / 60) < 0.85
    index = planner.shot(0)
    frame = scene_renderer.render(index)[0]
    shown = frame.color[..., :3][frame.index == 1]
    assert 0.005 < shown.mean() < 3
    red, green, blue = shown.mean(axis=0)
    assert not (min(red, blue) > 4 * green > 0)  # magenta is a texture that was not found
    assert np.isfinite(frame.color).all()
