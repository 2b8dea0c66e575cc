"""Render a few labelled pictures into a passing folder: for previews and thumbnails."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from renderer.commands.prepare import import_models
from renderer.recipe import Recipe

Pictured = tuple[Image.Image, dict[str, Any]]


def shoot(
    recipe: Recipe,
    folder: Path,
    devices: str = "auto",
    quiet: bool = False,
) -> list[Pictured]:
    """Return (picture, part line) of every image of a recipe; a failed one has a blank picture.

    Raises:
        RunError: a model cannot be used.
        UnavailableError: the render process does not start.

    """
    from renderer.dataset.layout import Layout
    from renderer.dataset.parts import PartIndex
    from renderer.dataset.picture import open_picture
    from renderer.farm.run import Run
    from renderer.farm.scheduler import FarmOptions, render_shots

    cache, known = import_models(recipe, folder, quiet)
    with tempfile.TemporaryDirectory(prefix="orbitset-") as scratch:
        layout = Layout(Path(scratch))
        run = Run(recipe, folder, layout, cache, known)
        options = FarmOptions(devices=devices, per_device=1, reserve_bytes=0)
        render_shots(run, list(range(recipe.images)), options, lambda _: None)
        pictures = []
        for line in PartIndex(layout).lines():
            if "failed" in line:
                picture = Image.new("RGB", recipe.camera.resolution, "#3f1d1d")
            else:
                picture = open_picture(layout, line["image"])
            pictures.append((picture, line))
    return pictures
