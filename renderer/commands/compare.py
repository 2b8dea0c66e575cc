"""orbitset dataset compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renderer.commands.dataset import Folder, Json, open_dataset
from renderer.commands.terminal import err, out, print_json, refuse_overwrite, stop, warn

if TYPE_CHECKING:
    from rich.table import Table

    from renderer.dataset.compare.comparison import Comparison
    from renderer.recipe import LoadedRecipe

_PAGE = "compare.html"


def compare(
    folder: Folder,
    real: Annotated[
        Path,
        typer.Argument(
            metavar="REAL_COCO",
            help="The real set: COCO's JSON with boxes; 50 images or more.",
            show_default=False,
        ),
    ],
    images: Annotated[
        Path | None,
        typer.Option(help="The folder of the real set's pictures, to compare them, too."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(help=f"Where to write the page; else {_PAGE} in the dataset's folder."),
    ] = None,
    fit: Annotated[
        Path | None,
        typer.Option(
            metavar="RECIPE", help="Write the recipe with the values that would match, here."
        ),
    ] = None,
    recipe: Annotated[
        Path | None, typer.Option(help="Where the dataset's recipe is now, for --fit.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file of --fit.")] = False,
    seed: Annotated[int, typer.Option(help="Of the resampling.", min=0)] = 0,
    as_json: Json = False,
) -> None:
    """Compare a dataset with a real one, and name the recipe key to move.

    Box size, aspect, place, count and overlap; with --images brightness, contrast, saturation,
    colour temperature, sharpness, noise and compression, after the same resize and codec. Each
    distance is told in floors: how far one half of the real set is from the other.

    Examples:
    `orbitset dataset compare out/quickstart real/instances.json --images real/images`

    `orbitset dataset compare out/quickstart real/instances.json --fit closer.yaml`

    """
    from renderer.commands.origin import find_recipe
    from renderer.dataset.compare.comparison import compare as compare_sets
    from renderer.dataset.compare.page import as_data
    from renderer.dataset.compare.page import page as page_of
    from renderer.dataset.storage import write_atomic

    if fit is not None:
        refuse_overwrite(fit, force)
    if images is not None and not images.is_dir():
        stop(f"{images}: no such folder of pictures")
    layout = open_dataset(folder)
    loaded = find_recipe(layout, recipe, as_json)[1] if fit is not None else None
    with err.status("reading") as status:
        found = compare_sets(layout, real, images, seed, status.update)
        target = page or layout.file(_PAGE)
        write_atomic(target, page_of(found))
    for remark in found.remarks:
        warn(remark)
    data = {**as_data(found), "page": str(target), "fit": None}
    if not as_json:
        out.print(_table(found))
        _print_advice(found)
        out.print(f"wrote {target}")
    if fit is not None and loaded is not None:
        data["fit"] = _write_fit(found, loaded, fit, as_json)
    if as_json:
        print_json(data)


def _table(found: Comparison) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for title in ("measure", "dataset", "real", "floors (95 %)", ""):
        table.add_column(title, justify="left" if title in ("measure", "") else "right")
    for row in found.rows:
        of = row.difference
        table.add_row(
            row.measure.title,
            row.measure.show(row.median_ours),
            row.measure.show(row.median_real),
            f"{of.ratio:.1f} ({of.low / of.floor:.1f}-{of.high / of.floor:.1f})",
            "differs" if of.differs else "",
            style="" if of.differs else "dim",
        )
    return table


def _print_advice(found: Comparison) -> None:
    """Print a line for each measure that differs: the key to move, and its value."""
    for row in found.rows:
        if row.advice is not None:
            out.print(f"{row.measure.title}: {row.advice.text}")


def _write_fit(found: Comparison, loaded: LoadedRecipe, target: Path, quiet: bool) -> str | None:
    """Write the recipe with the values that were found, and return where; None where none were."""
    from renderer.dataset.compare.recipe_text import fitted_recipe

    changes = [
        change
        for row in found.rows
        if row.advice is not None and row.advice.fitted is not None
        for change in row.advice.fitted.values
    ]
    if not changes:
        warn("no key is known to bring the dataset nearer: no recipe was written")
        return None
    for remark in fitted_recipe(loaded, changes, target):
        warn(remark)
    if not quiet:
        out.print(f"wrote {target}; now: orbitset recipe check {target}")
    return str(target)
