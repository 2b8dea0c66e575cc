"""Render a recipe's first images into a passing folder: for previews and thumbnails."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from renderer.dataset.layout import Layout
from renderer.dataset.parts import DoneLine, FailedLine, LabelledImage, PartIndex
from renderer.dataset.picture import open_picture
from renderer.dataset.run_file import label_options
from renderer.farm.recipe_assets import Assets
from renderer.farm.run import Run
from renderer.farm.scheduler import FarmOptions, render_shots
from renderer.recipe import Recipe
from renderer.recipe.load import checked


@dataclass(frozen=True)
class PreviewImage:
    """One image of a preview.

    Attributes:
        shot: the index of its shot.
        picture: the picture; a blank one where the shot failed.
        labelled: its records, as a dataset would have them; None where it failed.
        failed: why it failed, else empty.

    """

    shot: int
    picture: Image.Image
    labelled: LabelledImage | None
    failed: str = ""


def smaller(recipe: Recipe, count: int, width: int, samples: int) -> Recipe:
    """Return a recipe of the same shots, few, small and coarse."""
    data = recipe.model_dump(mode="json", exclude_unset=True)
    full_width, full_height = recipe.camera.resolution
    # Of the same proportions, which intrinsics ask for: no side below what a recipe may have.
    width = min(max(width, math.ceil(8 * full_width / full_height)), full_width)
    camera = data.setdefault("camera", {})
    camera["resolution"] = [width, round(width * full_height / full_width)]
    if camera.get("intrinsics"):  # they are in pixels of the full size
        camera["intrinsics"].setdefault("resolution", [full_width, full_height])
    data.setdefault("render", {})["samples"] = samples
    if least := recipe.labels.min_visible_px:  # of the full size, too
        data["labels"]["min_visible_px"] = round(least * (width / full_width) ** 2)
    return checked(data | {"images": min(count, recipe.images), "output": {"format": "png"}})


def render_preview(
    recipe: Recipe, folder: Path, assets: Assets, devices: str = "auto"
) -> list[PreviewImage]:
    """Return every image of a recipe; ``folder`` is what its paths are relative to.

    Raises:
        UnavailableError: the render process does not start.

    """
    with tempfile.TemporaryDirectory(prefix="orbitset-") as scratch:
        layout = Layout(Path(scratch))
        run = Run(recipe, folder, layout, assets.cache, assets.known)
        options = FarmOptions(devices=devices, per_device=1, reserve_bytes=0)
        render_shots(run, list(range(recipe.images)), options, lambda _: None)
        lines = PartIndex(layout).lines(label_options(recipe))
        return [image for line in lines for image in _images(layout, line, recipe)]


def _images(layout: Layout, line: DoneLine | FailedLine, recipe: Recipe) -> list[PreviewImage]:
    if isinstance(line, FailedLine):
        blank = Image.new("RGB", recipe.camera.resolution, "#3f1d1d")
        return [PreviewImage(line.index, blank, None, line.failed)]
    return [
        PreviewImage(line.index, open_picture(layout, each.image), each) for each in line.images
    ]
