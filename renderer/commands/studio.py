"""Render a few labelled pictures into a passing folder: for previews and thumbnails."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from renderer.commands.prepare import import_models
from renderer.recipe import Recipe

if TYPE_CHECKING:
    from renderer.dataset.parts import FailedLine, LabelledImage

    Pictured = tuple[Image.Image, LabelledImage | FailedLine]


def shoot(
    recipe: Recipe,
    folder: Path,
    devices: str = "auto",
    quiet: bool = False,
) -> list[Pictured]:
    """Return every image of a recipe with its records; a failed shot has a blank picture and its
    part line.

    Raises:
        RunError: a model cannot be used.
        UnavailableError: the render process does not start.

    """
    from renderer.dataset.head import label_options
    from renderer.dataset.layout import Layout
    from renderer.dataset.parts import FailedLine, PartIndex
    from renderer.dataset.picture import open_picture
    from renderer.farm.run import Run
    from renderer.farm.session import FarmOptions, render_shots

    cache, known = import_models(recipe, folder, quiet)
    with tempfile.TemporaryDirectory(prefix="orbitset-") as scratch:
        layout = Layout(Path(scratch))
        run = Run(recipe, folder, layout, cache, known)
        options = FarmOptions(devices=devices, per_device=1, reserve_bytes=0)
        render_shots(run, list(range(recipe.images)), options, lambda _: None)
        pictures: list[Pictured] = []
        for line in PartIndex(layout).lines(label_options(recipe)):
            if isinstance(line, FailedLine):
                blank = Image.new("RGB", recipe.camera.resolution, "#3f1d1d")
                pictures.append((blank, line))
            else:
                pictures += [(open_picture(layout, each.image), each) for each in line.images]
    return pictures
