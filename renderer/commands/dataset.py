"""orbitset dataset: validate, show, report, statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from PIL import Image

from renderer.commands.terminal import FAILED, err, out, say_json, sentences, stop

app = typer.Typer(help="Check and look into datasets.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="The dataset's folder.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def _must_be_dataset(folder: Path) -> None:
    from renderer.dataset.layout import Layout

    if not folder.is_dir():
        stop(f"{folder}: no such folder")
    layout = Layout(folder)
    if not layout.manifest.exists() and not layout.run.exists():
        stop(f"{folder} holds no orbitset dataset (no manifest.json)")


@app.command()
def validate(
    folder: Folder,
    scenes: Annotated[
        int, typer.Option(help="Ray cast the masks of each n-th image anew; 0 for none.", min=0)
    ] = 1,
    as_json: Json = False,
) -> None:
    """Prove that a dataset is whole and its labels agree with its images and scenes.

    Checks that every image is there, is the one that was rendered, and decodes; that every mask,
    box, area, visibility and pose agree with each other; and, where the models are in the cache,
    that the masks are those of the scene, by ray casting it again.

    Example: `orbitset dataset validate out/quickstart`
    """
    from renderer.dataset.layout import Layout
    from renderer.dataset.validate import validate as check
    from renderer.farm.intake import default_cache

    _must_be_dataset(folder)
    with sentences(), err.status("validating"):
        cache = default_cache() if scenes else None
        result = check(Layout(folder), cache, max(scenes, 1))
    if as_json:
        say_json(
            {
                "valid": not result.findings,
                "images": result.images,
                "annotations": result.annotations,
                "scenes_recast": result.scenes,
                "findings": result.findings,
            }
        )
    elif result.findings:
        for finding in result.findings[:20]:
            err.print(f"[bold red]wrong:[/] {finding}")
        more = len(result.findings) + result.dropped - 20
        if more > 0:
            err.print(f"and {more} more")
    else:
        out.print(
            f"valid: {result.images} images and {result.annotations} annotations agree; "
            f"{result.scenes} scenes ray cast anew"
        )
    if result.findings:
        raise typer.Exit(FAILED)


@app.command()
def show(
    folder: Folder,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Sheet, or folder with --each.")
    ] = Path("overlays.png"),
    count: Annotated[int, typer.Option(help="How many images.", min=1)] = 12,
    index: Annotated[
        list[int] | None, typer.Option(help="These images instead (by shot index).", min=0)
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="One full-size file an image.")] = False,
    masks: Annotated[bool, typer.Option(help="Draw masks.")] = True,
) -> None:
    """Draw labels over images, on one sheet or one file each.

    Examples:
    `orbitset dataset show out/quickstart -o sheet.png`

    `orbitset dataset show out/quickstart --index 3 --index 7 --each -o overlays/`

    """
    from renderer.dataset.layout import Layout
    from renderer.dataset.manifest import read_manifest
    from renderer.dataset.overlay import contact_sheet, draw_overlay, open_picture
    from renderer.dataset.read import read_categories, read_pairs

    _must_be_dataset(folder)
    layout = Layout(folder)
    with sentences():
        names, total = read_categories(layout), read_manifest(layout)["images"]
        wanted = set(index) if index else None
        stride = max(1, total // count)
        cells: list[tuple[str, Image.Image]] = []
        for number, (image, annotations) in enumerate(read_pairs(layout)):
            chosen = image["shot"] in wanted if wanted else number % stride == 0
            if not chosen or (wanted is None and len(cells) >= count):
                continue
            picture = open_picture(folder / image["file_name"])
            drawn = draw_overlay(picture, annotations, names, masks)
            if each:
                path = output / f"{Path(image['file_name']).stem}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                drawn.save(path)
            cells.append((f"{image['file_name']}   {len(annotations)} objects", drawn))
        if not cells:
            stop("no such image in this dataset")
        if not each:
            output.parent.mkdir(parents=True, exist_ok=True)
            contact_sheet(cells).save(output)
    out.print(f"wrote {len(cells)} overlays to {output}")


@app.command()
def report(folder: Folder) -> None:
    """Write report.html anew.

    Example: `orbitset dataset report out/quickstart`
    """
    from renderer.dataset.layout import Layout
    from renderer.dataset.report import write_report

    _must_be_dataset(folder)
    with sentences():
        out.print(f"wrote {write_report(Layout(folder))}")


@app.command()
def statistics(folder: Folder, as_json: Json = False) -> None:
    """Print counts per category, and with --json every histogram of the report.

    Example: `orbitset dataset statistics out/quickstart --json`
    """
    from renderer.dataset.layout import Layout
    from renderer.dataset.report import gather_statistics

    _must_be_dataset(folder)
    with sentences():
        found = gather_statistics(Layout(folder))
    if as_json:
        say_json(found.as_dict())
        return
    out.print(f"{found.images} images, {found.annotations} objects")
    for name, count in found.per_category.most_common():
        out.print(f"  {name}: {count} in {found.images_with[name]} images")
