"""orbitset render: a recipe into a dataset."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from renderer.commands.progress import RunProgress
from renderer.commands.terminal import (
    FAILED,
    INTERRUPTED,
    err,
    out,
    say_json,
    sentences,
    stop,
    warn,
)

if TYPE_CHECKING:
    from renderer.dataset.merge import MergeResult
    from renderer.farm.run import Run


def render(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="The dataset's folder.", show_default=False)
    ],
    images: Annotated[int | None, typer.Option(help="Another number of images.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.", min=0)] = None,
    engine: Annotated[str | None, typer.Option(help="cycles, eevee or workbench.")] = None,
    samples: Annotated[int | None, typer.Option(help="Another number of samples.", min=1)] = None,
    devices: Annotated[
        str, typer.Option(help="auto, cpu, optix, cuda, hip, oneapi or metal.")
    ] = "auto",
    threads: Annotated[int, typer.Option(help="CPU threads; 0 uses all.", min=0)] = 0,
    chunk: Annotated[int, typer.Option(help="Images between two safe points.", min=1)] = 8,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan every image and render none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Render a recipe into a COCO dataset; the same command again resumes where it stopped.

    Examples:
    `orbitset render scenes/quickstart.yaml -o out/quickstart`

    `orbitset render mugs.yaml -o out/mugs --images 1000 --seed 7 --engine eevee`

    `orbitset render mugs.yaml -o out/mugs --dry-run`

    """
    from renderer.blender.libraries import require_libraries
    from renderer.commands.prepare import import_models
    from renderer.dataset.layout import Layout
    from renderer.farm.run import Run
    from renderer.recipe import load_recipe

    with sentences():
        require_libraries()
        loaded = load_recipe(recipe)
        chosen = _override(loaded.recipe, images=images, seed=seed, engine=engine, samples=samples)
        cache, known = import_models(chosen, loaded.folder, quiet=as_json)
        run = Run(chosen, loaded.folder, Layout(output), cache, known)
        if dry_run:
            _dry_run(run, as_json)
            return
        with run.locked():
            result = _render(run, devices, threads, chunk, as_json)
    summary = {
        "images": result.images,
        "annotations": result.annotations,
        "failed": [{"shot": index, "cause": cause} for index, cause in result.failed],
        "report": str(run.layout.report),
    }
    if as_json:
        say_json(summary)
    else:
        for index, cause in result.failed[:10]:
            warn(f"image {index} failed: {cause}")
        out.print(
            f"{result.images} images with {result.annotations} objects in {output}; "
            f"report: {run.layout.report}"
        )
    if result.failed:
        if not as_json:
            err.print(f"[bold red]{len(result.failed)} images failed[/] (run again to retry them)")
        raise typer.Exit(FAILED)


def _render(run: Run, devices: str, threads: int, chunk: int, quiet: bool) -> MergeResult:
    """Render what is left of a run and bring the dataset to its final form."""
    from renderer.farm.local import chunks_of, render_all
    from renderer.farm.worker import WorkerSetup

    run.claim()
    pending, total = run.pending(), run.recipe.images
    _check_disk(run.layout.root, len(pending), run.recipe.camera.resolution)
    if len(pending) < total and not quiet:
        err.print(f"resuming {run.layout.root}: {total - len(pending)} images are done")
    setup = WorkerSetup(run.planner, run.layout, devices, threads)
    try:
        with RunProgress(len(pending), quiet) as progress:
            render_all(setup, chunks_of(pending, chunk), progress.watch)
    except KeyboardInterrupt:
        stop("interrupted; what is done is safe: run the same command again to go on", INTERRUPTED)
    return run.finish()


def _override(recipe: Any, **values: Any) -> Any:
    """Return the recipe with options of the command line put over it, checked like the file."""
    from renderer.recipe import Recipe

    data = recipe.model_dump(mode="json", exclude_unset=True)
    for key in ("images", "seed"):
        if values[key] is not None:
            data[key] = values[key]
    for key in ("engine", "samples"):
        if values[key] is not None:
            data.setdefault("render", {})[key] = values[key]
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        stop(f"--{first['loc'][-1]}: {first['msg'].removeprefix('Input should be ')}")


def _dry_run(run: Any, as_json: bool) -> None:
    from collections import Counter

    from renderer.plan import PlanError

    planner, problems, counts, tries = run.planner, list[str](), Counter[str](), 0
    for index in range(run.recipe.images):
        try:
            shot = planner.shot(index)
            counts.update(entry.category for entry in shot.objects)
            tries += shot.attempts
        except PlanError as error:
            problems.append(str(error))
    if as_json:
        say_json({"images": run.recipe.images, "objects": dict(counts), "failed": problems})
    else:
        listed = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        out.print(f"{run.recipe.images} images planned in {tries} tries: {listed or 'no objects'}")
        for problem in problems[:10]:
            warn(problem)
        out.print("nothing was rendered (dry run)")
    if problems:
        raise typer.Exit(FAILED)


def _check_disk(root: Path, count: int, resolution: tuple[int, int]) -> None:
    """Refuse a run whose images would surely not fit: a PNG takes about 1.5 bytes a pixel."""
    from renderer.farm.run import RunError

    needed = count * resolution[0] * resolution[1] * 1.5
    folder = root
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise RunError(
            f"{count} images need about {needed / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB "
            "free: make room, or choose another disk or format: jpeg"
        )
