"""orbitset dataset export: a dataset in another format."""

from __future__ import annotations

from typing import Annotated

import typer

from renderer.commands.dataset import Json, open_dataset
from renderer.commands.terminal import print_json, stop


def export(
    folder: Annotated[
        str | None,
        typer.Argument(help="The dataset's folder, or s3://bucket/run.", show_default=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--format", help="Which format.", show_default=False)
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            help="A folder, or s3://bucket/export. [default: exports/FORMAT in the dataset]",
            show_default=False,
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="An option of the format: key=value.", show_default=False),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Sides to divide the images into, with their shares: train=0.8,val=0.2.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="What must not be on two sides: scene (a shot with all its views and variants), "
            "asset, background, or variant (the variants of one view). [default: scene]",
            show_default=False,
        ),
    ] = None,
    show_formats: Annotated[
        bool, typer.Option("--list", help="Tell the formats and their options.")
    ] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="With --list: a page to read, with a table.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do all but write; tell what would come of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write a dataset in another format: `--list` tells which there are.

    What the format cannot carry is told, and written to export.json in the export's folder. An
    export of the same format that is there already is replaced; a folder with anything else in it
    is refused. The recipe's output.exports does the same at the end of every run.

    An image's side of a split stays what it is when the dataset grows. An image that shows models,
    or backgrounds, of two sides is left out.

    Examples:
    `orbitset dataset export --list`

    `orbitset dataset export out/mugs --format webdataset -o mugs-shards --option shard_images=500`

    `orbitset dataset export out/mugs --format yolo --split train=0.8,val=0.1,test=0.1 --by asset`

    `orbitset dataset export out/mugs --format yolo --dry-run`

    """
    from renderer.commands.export_choice import chosen
    from renderer.commands.export_result import Progress, print_result
    from renderer.commands.formats import print_formats
    from renderer.dataset.storage import open_root
    from renderer.export.write import export as write
    from renderer.export.write import exports_folder, try_export
    from renderer.farm.asset_import import default_cache

    if show_formats:
        print_formats(as_json, markdown)
        return
    if folder is None or name is None:
        stop("name a dataset and a --format; orbitset dataset export --list tells which there are")
    choice = chosen(name, option or [], split, by)
    layout = open_dataset(folder)
    root = open_root(output) if output else exports_folder(layout, name)
    with Progress() as progress:
        done = (try_export if dry_run else write)(
            layout, choice, root, progress.watch, default_cache()
        )
    if as_json:
        print_json({**done.facts, "output": str(root), "written": not dry_run})
    else:
        print_result(done, dry_run)
