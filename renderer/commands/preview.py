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
    from renderer.commands.render import with_options
    from renderer.commands.studio import shoot
    from renderer.dataset.fonts import undrawable
    from renderer.dataset.overlay import cell_width, contact_sheet, draw_overlay, picture_file
    from renderer.dataset.parts import FailedLine
    from renderer.dataset.picture import save_picture
    from renderer.recipe import load_recipe

    if output is not None:
        picture_file(output)
    loaded = load_recipe(recipe)
    data = loaded.recipe.model_dump(mode="json", exclude_unset=True)
    full_width, full_height = loaded.recipe.camera.resolution
    data.setdefault("camera", {})["resolution"] = [
        width,
        max(8, round(width * full_height / full_width)),
    ]
    data.setdefault("render", {})["samples"] = samples
    data |= {"images": min(count, loaded.recipe.images), "output": {"format": "png"}}
    if seed is not None:
        data["seed"] = seed
    small = with_options(data)
    path = output or Path(f"{small.name}-preview.png")
    with err.status(f"rendering {small.images} image{'s' if small.images > 1 else ''}"):
        pictured = shoot(small, loaded.folder, devices)
    names = dict(enumerate(small.categories, start=1))
    for remark in undrawable(names if labels else {}):
        warn(remark)
    cell, cells, failed = cell_width(len(pictured)), [], 0
    for picture, line in pictured:
        if isinstance(line, FailedLine):
            failed += 1
            warn(f"shot {line.index} failed: {line.failed}")
            cells.append((f"{line.index}: failed", picture))
            continue
        drawn, view = line.annotations if labels else (), line.image
        shown = f"{view.shot} {view.view}".rstrip()
        caption = f"{shown}   az {view.azimuth_deg:.0f}  el {view.elevation_deg:.0f}"
        cells.append((caption, draw_overlay(picture, drawn, names, width=cell)))
    save_picture(contact_sheet(cells), path)
    out.print(f"wrote {path}")
    if failed:
        raise typer.Exit(FAILED)
