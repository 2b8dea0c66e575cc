"""orbitset dataset: validate, report, statistics, schema, merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from renderer.commands.terminal import FAILED, err, headed, out, print_json, stop, warn

if TYPE_CHECKING:
    from renderer.dataset.layout import Layout

app = typer.Typer(help="Merge, check and look into datasets.", no_args_is_help=True)

Folder = Annotated[
    str, typer.Argument(help="The dataset's folder, or s3://bucket/run.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def open_dataset(folder: str) -> Layout:
    """Return the layout of a folder or ``s3://`` path that holds a dataset, or stop."""
    from renderer.dataset.layout import Layout
    from renderer.dataset.storage import is_local, open_root

    layout = Layout(open_root(folder))
    if is_local(layout.root) and not layout.root.is_dir():
        stop(f"{folder}: no such folder")
    if not layout.manifest.exists() and not layout.run.exists():
        stop(f"{folder} holds no orbitset dataset (no manifest.json)")
    return layout


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
    box, area and visibility agree with each other; that every camera, pose, category and asset is
    that of its shot in shots.jsonl; where the models are in the cache, that masks, amodal boxes
    and truncation are those of the scene, by ray casting it again; and that the exports in the
    dataset are what it would be exported to now.

    Example: `orbitset dataset validate out/quickstart`
    """
    from renderer.dataset.validate import validate as check
    from renderer.export.check import check_exports
    from renderer.farm.asset_import import default_cache

    with err.status("validating"):
        layout = open_dataset(folder)
        cache = default_cache()
        result = check(layout, cache if scenes else None, max(scenes, 1))
        check_exports(layout, result, cache)
    if as_json:
        print_json(
            {
                "valid": not result.findings,
                "images": result.images,
                "annotations": result.annotations,
                "failed": result.failed,
                "scenes_recast": result.scenes,
                "scenes_unchecked": result.unchecked,
                "findings": result.findings,
            }
        )
    else:
        for finding in result.findings[:20]:
            err.print(headed("wrong:", "bold red", finding))
        more = len(result.findings) + result.dropped - 20
        if more > 0:
            err.print(f"and {more} more")
        if not result.findings:
            out.print(
                f"valid: {result.images} images and {result.annotations} annotations agree; "
                f"{result.scenes} scenes ray cast anew"
            )
        for note in result.notes():
            out.print(note)
    if result.findings:
        raise typer.Exit(FAILED)


@app.command()
def report(folder: Folder) -> None:
    """Write report.html anew.

    Example: `orbitset dataset report out/quickstart`
    """
    from renderer.dataset.report import write_report

    out.print(f"wrote {write_report(open_dataset(folder))}")


@app.command()
def statistics(folder: Folder, as_json: Json = False) -> None:
    """Print counts per category, and with --json every histogram of the report.

    Example: `orbitset dataset statistics out/quickstart --json`
    """
    from renderer.dataset.report import read_statistics

    found = read_statistics(open_dataset(folder))
    if as_json:
        print_json(found.as_dict())
        return
    out.print(f"{found.images} images, {found.annotations} objects")
    for name, count in found.per_category.most_common():
        ignored = f", {found.ignored[name]} of them ignored" if found.ignored[name] else ""
        out.print(f"  {name}: {count} in {found.images_with[name]} images{ignored}")
    for name, count in found.scenarios.most_common():
        share = count / found.images
        out.print(f"  scenario {name}: {count} images ({share:.1%})")
    for goal, bands in found.goals.as_dict().items():
        for band, told in bands.items():
            shares = f"{told['share']:.1%}, {told['wanted']:.1%} wanted"
            out.print(f"  {goal} {band}: {told['images']} images ({shares})")
    for name, count in found.dropped.most_common():
        out.print(f"  {name}: {count} more dropped, for showing too little")


@app.command()
def schema(
    folder: Annotated[
        str | None,
        typer.Argument(
            metavar="OUT",
            help="A dataset: its label kinds. Without it: all that are installed.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a page to read instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of annotations/instances.json, its records' keys described.

    Examples:
    `orbitset dataset schema > records.schema.json`

    `orbitset dataset schema out/quickstart --markdown`

    """
    from renderer.dataset.manifest import read_manifest
    from renderer.dataset.record_schema import json_schema, page
    from renderer.dataset.records import records_of
    from renderer.registry import LABEL_KINDS

    kinds = tuple(read_manifest(open_dataset(folder)).labels) if folder else LABEL_KINDS.names()
    for name in records_of(kinds).unknown:
        warn(f"the label kind {name} is not installed here: its keys are left out")
    if markdown:
        print(page(kinds), end="")
    else:
        print_json(json_schema(kinds))


@app.command()
def merge(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Outputs of one run's shards, or the one they share.", show_default=False
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="Where to join several.", show_default=False),
    ] = None,
    allow_mixed: Annotated[
        bool,
        typer.Option("--allow-mixed", help="Join them though versions or devices of them differ."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Join what shards have rendered into a dataset, and tell which images are missing.

    The exit code is 1 where some are missing or failed. Images are linked where that is possible,
    else copied; nothing is moved. May be done again when more is there.

    Examples:
    `orbitset dataset merge /shared/mugs`

    `orbitset dataset merge shard0 shard1 shard2 -o mugs`

    """
    from renderer.commands.execute import print_result, summary
    from renderer.dataset.assemble import join_outputs
    from renderer.dataset.layout import Layout
    from renderer.dataset.storage import open_root
    from renderer.export.write import finish
    from renderer.farm.asset_import import default_cache

    if output is None and len(sources) > 1:
        stop("several outputs are joined into another: name it with -o")
    with err.status("merging"):
        target = Layout(open_root(output or sources[0]))
        if output is not None:
            join_outputs([Layout(open_root(source)) for source in sources], target, allow_mixed)
        result = finish(target, default_cache())
    if as_json:
        print_json(summary(target.root, result))
    else:
        print_result(str(target.root), result)
    if result.failed or result.missing:
        raise typer.Exit(FAILED)
