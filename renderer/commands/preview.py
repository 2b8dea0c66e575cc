"""orbitset preview: a labelled contact sheet in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.terminal import FAILED, err, out, warn


def preview(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The sheet. [default: NAME-preview.png]")
    ] = None,
    count: Annotated[int, typer.Option(help="How many images.", min=1, max=100)] = 9,
    width: Annotated[int, typer.Option(help="Width of each in pixels.", min=32)] = 240,
    samples: Annotated[int, typer.Option(help="Samples of each.", min=1)] = 4,
    seed: Annotated[int | None, typer.Option(help="Another seed.", min=0)] = None,
    labels: Annotated[bool, typer.Option(help="Draw boxes, names and masks.")] = True,
    devices: Annotated[str, typer.Option(help="auto, cpu, optix, cuda, hip, ...")] = "auto",
) -> None:
    """Render a few images small and coarse, with their labels, on one sheet.

    They are the recipe's first images: the same objects, poses and light.

    Example: `orbitset preview scenes/clutter.yaml -o sheet.png --count 12`
    """
    from renderer.commands.import_progress import import_with_progress
    from renderer.commands.render import override
    from renderer.dataset.fonts import undrawable
    from renderer.dataset.overlay import (
        cell_width,
        contact_sheet,
        draw_overlay,
        require_picture_path,
    )
    from renderer.dataset.picture import save_picture
    from renderer.farm.preview_images import render_preview, smaller
    from renderer.recipe import load_recipe

    if output is not None:
        require_picture_path(output)
    loaded = load_recipe(recipe)
    small = smaller(override(loaded.recipe, seed=seed), count, width, samples)
    path = output or Path(f"{small.name}-preview.png")
    assets = import_with_progress(small, loaded.folder)
    with err.status(f"rendering {small.images} image{'s' if small.images > 1 else ''}"):
        images = render_preview(small, loaded.folder, assets, devices)
    names = dict(enumerate(small.categories, start=1))
    for remark in undrawable(names if labels else {}):
        warn(remark)
    cell, cells = cell_width(len(images)), []
    for each in images:
        if each.labelled is None:
            warn(f"shot {each.shot} failed: {each.failed}")
            cells.append((f"{each.shot}: failed", each.picture))
            continue
        drawn, image = each.labelled.annotations if labels else (), each.labelled.image
        shown = f"{image.shot} {image.view}".rstrip()
        caption = f"{shown}   az {image.azimuth_deg:.0f}  el {image.elevation_deg:.0f}"
        cells.append((caption, draw_overlay(each.picture, drawn, names, width=cell)))
    save_picture(contact_sheet(cells), path)
    out.print(f"wrote {path}")
    if any(each.failed for each in images):
        raise typer.Exit(FAILED)
