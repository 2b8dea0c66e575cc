"""orbitset dataset show: labels drawn over images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from PIL import Image

from renderer.commands.dataset import Folder, open_dataset
from renderer.commands.terminal import out, stop, warn

if TYPE_CHECKING:
    from renderer.dataset.layout import Layout
    from renderer.dataset.panels import Panel
    from renderer.dataset.read import Pair

# How many images unless said: on a sheet, and in rows of several panels.
_ON_SHEET, _IN_ROWS = 12, 6


def show(
    folder: Folder,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Sheet, or folder with --each.")
    ] = Path("overlays.png"),
    count: Annotated[
        int | None,
        typer.Option(help="How many images. [default: 12; 6 in rows]", min=1, show_default=False),
    ] = None,
    index: Annotated[
        list[int] | None, typer.Option(help="These images instead (by shot index).", min=0)
    ] = None,
    each: Annotated[
        bool, typer.Option("--each", help="One file an image, small ones enlarged.")
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(
            help="Label kinds to draw: mask,depth,normals, or all. Maps stand beside the picture, "
            "a row an image. [default: mask,box]",
            show_default=False,
        ),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="Each label kind in a column of its own.")
    ] = False,
) -> None:
    """Draw labels over images, on one sheet or one file each.

    Examples:
    `orbitset dataset show out/quickstart -o sheet.png`

    `orbitset dataset show out/quickstart --labels all -o sheet.png`

    `orbitset dataset show out/quickstart --labels mask,amodal,pose --grid -o sheet.png`

    `orbitset dataset show out/quickstart --index 3 --index 7 --each -o overlays/`

    """
    from renderer.dataset.fonts import undrawable
    from renderer.dataset.manifest import read_manifest
    from renderer.dataset.overlay import require_local, require_picture_path
    from renderer.dataset.panels import ALL, chosen_kinds, panels_of
    from renderer.dataset.picture import save_picture
    from renderer.dataset.read import read_categories

    if each:
        require_local(output, "folder")
    else:
        require_picture_path(output)
    layout = open_dataset(folder)
    there = read_manifest(layout).labels
    kinds = None if labels is None and not grid else chosen_kinds(labels or ALL, tuple(there))
    panels = panels_of(kinds, grid) if kinds is not None else ()
    in_rows = len(panels) > 1
    names = read_categories(layout)
    chosen = _choose(layout, count or (_IN_ROWS if in_rows else _ON_SHEET), index)
    for remark in undrawable(names):
        warn(remark)
    drawn = _Drawn(layout, names, kinds, panels if in_rows else ())
    if each:
        for pair in chosen:
            save_picture(drawn.alone(pair), output / f"{Path(pair[0].file_name).stem}.png")
    else:
        save_picture(drawn.sheet(chosen), output)
    out.print(f"wrote {len(chosen)} overlay{'s' if len(chosen) > 1 else ''} to {output}")


class _Drawn:
    """Images of a dataset as they are shown: labels over them, or in rows of panels."""

    def __init__(
        self,
        layout: Layout,
        names: dict[int, str],
        kinds: list[str] | None,
        panels: Sequence[Panel],
    ) -> None:
        self._layout, self._names, self._kinds, self._panels = layout, names, kinds, panels

    def alone(self, pair: Pair) -> Image.Image:
        """Return one image in a picture of its own."""
        from renderer.dataset.panels import panel_sheet

        if self._panels:
            return panel_sheet(self._panels, [self._row(pair)])
        return self._overlay(pair, 0)

    def sheet(self, pairs: Sequence[Pair]) -> Image.Image:
        """Return all of some images in one picture."""
        from renderer.dataset.overlay import cell_width, contact_sheet
        from renderer.dataset.panels import panel_sheet

        if self._panels:
            return panel_sheet(self._panels, [self._row(pair) for pair in pairs])
        width = cell_width(len(pairs))
        return contact_sheet([(_caption(pair), self._overlay(pair, width)) for pair in pairs])

    def _row(self, pair: Pair) -> tuple[str, list[Image.Image]]:
        from renderer.dataset.panels import draw_panels, panel_width

        width = panel_width(len(self._panels))
        drawn = draw_panels(self._layout, *pair, self._names, self._panels, width)
        return _caption(pair), drawn

    def _overlay(self, pair: Pair, width: int) -> Image.Image:
        from renderer.dataset.overlay import draw_overlay, stored_image
        from renderer.dataset.picture import open_picture

        image, records = pair
        stored = stored_image(self._layout, image, records)
        picture = open_picture(self._layout, image)
        return draw_overlay(picture, records, self._names, self._kinds, width, stored)


def _caption(pair: Pair) -> str:
    image, records = pair
    return f"{image.file_name}   {len(records)} object{'s' if len(records) != 1 else ''}"


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
