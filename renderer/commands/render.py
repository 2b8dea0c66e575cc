"""orbitset render: a recipe into a dataset."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renderer.commands.options import (
    SPREAD,
    WATCH,
    AllowMixed,
    Devices,
    OomToCpu,
    PerDevice,
    ShotTimeout,
    Threads,
)
from renderer.commands.terminal import (
    FAILED,
    err,
    in_shots,
    out,
    print_json,
    shortened,
    stop,
    warn,
)
from renderer.errors import UserError

if TYPE_CHECKING:
    from renderer.plan import Planner
    from renderer.recipe import Recipe


def render(
    recipe: Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="The dataset's folder, or s3://bucket/run.", show_default=False
        ),
    ],
    images: Annotated[int | None, typer.Option(help="Another number of images.", min=1)] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed.", min=0)] = None,
    engine: Annotated[str | None, typer.Option(help="cycles, eevee or workbench.")] = None,
    samples: Annotated[int | None, typer.Option(help="Another number of samples.", min=1)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan every image and render none.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    devices: Devices = "auto",
    per_device: PerDevice = 0,
    threads: Threads = 0,
    shard: Annotated[
        str | None,
        typer.Option(help="Render only part i of n, as 0/16.", rich_help_panel=SPREAD),
    ] = None,
    cluster: Annotated[
        str, typer.Option(help="A Ray cluster: auto or ray://HOST:10001.", rich_help_panel=SPREAD)
    ] = "",
    cpus: Annotated[
        float, typer.Option(help="CPUs a cluster's task takes.", min=0, rich_help_panel=SPREAD)
    ] = 1.0,
    gpus: Annotated[
        float,
        typer.Option(help="GPUs it takes; 0.5 shares one.", min=0, rich_help_panel=SPREAD),
    ] = 0.0,
    chunk: Annotated[
        int, typer.Option(help="Images a job; 0 decides.", min=0, rich_help_panel=WATCH)
    ] = 0,
    shot_timeout: ShotTimeout = 0.0,
    recycle_images: Annotated[
        int,
        typer.Option(
            help="Images a process renders before a fresh one.", min=0, rich_help_panel=WATCH
        ),
    ] = 1000,
    recycle_gb: Annotated[
        float,
        typer.Option(
            help="GB of memory before a fresh one; 0 decides.", min=0, rich_help_panel=WATCH
        ),
    ] = 0.0,
    min_free_gb: Annotated[
        float | None,
        typer.Option(
            help="GB of disk to keep free: below it the run pauses. [default: 1, or 5 %]",
            min=0,
            show_default=False,
            rich_help_panel=WATCH,
        ),
    ] = None,
    ignore_space: Annotated[
        bool,
        typer.Option("--ignore-space", help="Begin though it may not fit.", rich_help_panel=WATCH),
    ] = False,
    oom_to_cpu: OomToCpu = False,
    allow_mixed: AllowMixed = False,
    metrics_port: Annotated[
        int,
        typer.Option(
            help="Serve Prometheus metrics here.", min=0, max=65535, rich_help_panel=WATCH
        ),
    ] = 0,
) -> None:
    """Render a recipe into a COCO dataset; the same command again resumes where it stopped.

    Ctrl-C finishes the images that are rendering; a second one stops at once. Nothing is lost.
    A run that was begun with other versions of Blender or a library, or on another kind of device,
    is gone on with only where you allow it; the manifest and the report then say so.

    Examples:
    `orbitset render scenes/quickstart.yaml -o out/quickstart`

    `orbitset render mugs.yaml -o out/mugs --images 1000 --devices optix:0,optix:1 --per-device 2`

    `orbitset render mugs.yaml -o /shared/mugs --shard 3/16`

    `orbitset render mugs.yaml -o s3://bucket/mugs --cluster auto --gpus 0.5`

    `orbitset render mugs.yaml -o out/mugs --devices cpu --allow-mixed`

    `orbitset render mugs.yaml -o out/mugs --dry-run`

    """
    from renderer.blender.libraries import require_libraries
    from renderer.commands.execute import execute, finish_run
    from renderer.commands.import_progress import import_with_progress
    from renderer.dataset.layout import Layout
    from renderer.dataset.storage import open_root
    from renderer.farm.run import Run, Shard, origin_of
    from renderer.farm.scheduler import FarmOptions
    from renderer.recipe import load_recipe

    if cluster and (devices != "auto" or per_device):
        stop("--cluster takes --cpus and --gpus; --devices and --per-device are for this machine")
    if gpus and not cluster:
        stop("--gpus is for a --cluster; on this machine choose with --devices")
    options = FarmOptions(
        devices=devices,
        per_device=per_device,
        threads=threads,
        chunk=chunk,
        shot_timeout_s=shot_timeout,
        recycle_images=recycle_images,
        recycle_bytes=int(recycle_gb * 1e9),
        reserve_bytes=None if min_free_gb is None else int(min_free_gb * 1e9),
        cpu_if_lacking=oom_to_cpu,
        allow_mixed=allow_mixed,
        cluster=cluster,
        cpus=cpus,
        gpus=gpus,
    )
    changes = {"images": images, "seed": seed, "engine": engine, "samples": samples}
    if not output.strip():
        stop("-o is empty: name the dataset's folder")
    require_libraries()
    part = None if shard is None else Shard.parse(shard)
    layout = Layout(open_root(output))
    loaded = load_recipe(recipe)
    chosen = override(loaded.recipe, **changes)
    assets = import_with_progress(chosen, loaded.folder, quiet=as_json)
    run = Run(chosen, loaded.folder, layout, assets.cache, assets.known, part)
    if dry_run:
        _dry_run(run, as_json)
        return
    with run.locked():
        run.claim(origin_of(recipe, changes), allow_mixed)
        shots = run.pending()
        there = run.size() - len(shots)
        if there and not as_json:
            err.print(f"resuming {run.layout.root}: {there} images are done")
        elif run.planner.has_goals and (part is None or part.number == 0):
            _try_goals(run.planner)
        execute(run, shots, options, as_json, metrics_port, ignore_space)
        finish_run(run, as_json)


def must_be_render_options(text: str) -> None:
    """Stop where a string is not made of this command's options; shards are for others to give."""
    from typer.main import get_command

    from renderer.commands.app import app

    command: Any = get_command(app)
    command = command.commands["render"]
    try:
        words = shlex.split(text)
    except ValueError as error:
        stop(f"--options '{text}': {error}")
    if {"-h", "--help"} & set(words):
        stop(f"--options '{text}': for help on them: orbitset render --help")
    # What it does not know it refuses by itself.
    given = command.make_context("--options: render", ["RECIPE", "-o", "OUT", *words]).params
    if given["shard"] or given["dry_run"] or given["output"] != "OUT":
        stop(f"--options '{text}': --shard, --dry-run and -o are not for you to give here")


def override(recipe: Recipe, **options: Any) -> Recipe:
    """Return the recipe with options of the command line put over it, checked like the file."""
    from renderer.recipe import load

    try:
        return load.override(recipe, **options)
    except UserError as error:
        raise UserError(f"--{error}") from None


def _try_goals(planner: Planner) -> None:
    """Tell before anything is rendered which goals poses do not meet, and what they reach."""
    from renderer.plan.trial import plan_some

    for sentence in shortened(plan_some(planner, 1).errors):
        warn(f"{sentence} (such images will be missing)")


def _dry_run(run: Any, as_json: bool) -> None:
    from collections import Counter

    from renderer.commands.execute import causes
    from renderer.plan import PlanError
    from renderer.plan.cameras import view_names

    planner, counts, tries, good = run.planner, Counter[str](), 0, 0
    problems: list[tuple[int, str]] = []
    for index in run.span():
        try:
            shot = planner.shot(index)
            counts.update(entry.category for entry in shot.objects if entry.category)
            tries += shot.attempts
            good += 1
        except PlanError as error:
            problems.append((index, str(error)))
    if as_json:
        images = good * len(view_names(run.recipe.camera))
        counted = {"shots": good, "images": images, "objects": dict(counts)}
        print_json({**counted, "failed": causes(problems)})
    else:
        listed = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        whole = in_shots(run.size(), len(view_names(run.recipe.camera)))
        planned = f"{good} of {whole}" if problems else whole
        out.print(f"{planned} planned in {tries} tries: {listed or 'no objects'}")
        for _, problem in problems[:10]:
            warn(problem)
        if len(problems) > 10:
            warn(f"and {len(problems) - 10} more")
        out.print("nothing was rendered (dry run)")
    if problems:
        raise typer.Exit(FAILED)
