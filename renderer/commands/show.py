"""orbitset dataset show: labels drawn over images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from PIL import Image

from renderer.commands.dataset import Folder, open_dataset
from renderer.commands.terminal import out, stop, warn

if TYPE_CHECKING:
    from renderer.dataset.layout import Layout
    from renderer.dataset.read import Pair


def show(
    folder: Folder,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Sheet, or folder with --each.")
    ] = Path("overlays.png"),
    count: Annotated[int, typer.Option(help="How many images.", min=1)] = 12,
    index: Annotated[
        list[int] | None, typer.Option(help="These images instead (by shot index).", min=0)
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="One file an image, small ones enlarged.")
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Label kinds to draw, one over the other: depth,mask,box. [default: mask,box]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw labels over images, on one sheet or one file each.

    Examples:
    `orbitset dataset show out/quickstart -o sheet.png`

    `orbitset dataset show out/quickstart --labels mask,amodal,pose -o sheet.png`

    `orbitset dataset show out/quickstart --index 3 --index 7 --each -o overlays/`

    """
    from renderer.dataset.fonts import undrawable
    from renderer.dataset.overlay import (
        cell_width,
        contact_sheet,
        draw_overlay,
        require_local,
        require_picture_path,
        stored_image,
    )
    from renderer.dataset.picture import open_picture, save_picture
    from renderer.dataset.read import read_categories

    if each:
        require_local(output, "folder")
    else:
        require_picture_path(output)
    layout = open_dataset(folder)
    kinds = None if labels is None else _kinds(layout, labels)
    names, chosen = read_categories(layout), _choose(layout, count, index)
    for remark in undrawable(names):
        warn(remark)
    width = 0 if each else cell_width(len(chosen))
    cells: list[tuple[str, Image.Image]] = []
    for image, records in chosen:
        picture = open_picture(layout, image)
        stored = stored_image(layout, image, records)
        drawn = draw_overlay(picture, records, names, kinds, width, stored)
        if each:
            save_picture(drawn, output / f"{Path(image.file_name).stem}.png")
            continue
        objects = f"{len(records)} object{'s' if len(records) != 1 else ''}"
        cells.append((f"{image.file_name}   {objects}", drawn))
    if not each:
        save_picture(contact_sheet(cells), output)
    out.print(f"wrote {len(chosen)} overlay{'s' if len(chosen) > 1 else ''} to {output}")


def _kinds(layout: Layout, labels: str) -> list[str]:
    """Return the label kinds that an option names, or stop at one that the dataset has not."""
    from renderer.dataset.manifest import read_manifest
    from renderer.registry import LABEL_KINDS

    there = read_manifest(layout).labels
    wanted = [name.strip() for name in labels.split(",") if name.strip()]
    for name in wanted:
        if name not in LABEL_KINDS.names():
            stop(f"--labels {name}: there are {', '.join(LABEL_KINDS.names())}")
        if name not in there:
            stop(f"--labels {name}: the dataset has {', '.join(there) or 'no labels'}")
    return wanted


def _choose(layout: Layout, count: int, index: list[int] | None) -> list[Pair]:
    """Return some images with their annotations: those asked for, else evenly many of all."""
    from renderer.dataset.manifest import read_manifest
    from renderer.dataset.read import read_pairs

    total = read_manifest(layout).images
    if not total:
        stop("the dataset has no images")
    wanted, stride = set(index or ()), max(1, total // count)
    chosen: list[Pair] = []
    for number, pair in enumerate(read_pairs(layout)):
        evenly = not wanted and number % stride == 0 and len(chosen) < count
        if evenly or pair[0].shot in wanted:
            chosen.append(pair)
    missing = sorted(wanted - {image.shot for image, _ in chosen})
    if missing and not chosen:
        stop(f"the dataset has no image {', '.join(map(str, missing))}")
    for number in missing:
        warn(f"the dataset has no image {number}")
    return chosen
