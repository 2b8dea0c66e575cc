"""orbitset farm: status, log, retry, and scripts for Slurm and Kubernetes."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.spread import AllowMixed, Devices, OomToCpu, PerDevice, ShotTimeout, Threads
from renderer.commands.terminal import (
    FAILED,
    err,
    fresh_file,
    out,
    say_json,
    stop,
    to_json,
    warn,
)

app = typer.Typer(help="Watch and spread runs.", no_args_is_help=True)

Output = Annotated[
    str, typer.Argument(help="The dataset's folder, or s3://bucket/run.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
RecipeFile = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]
Into = Annotated[
    str,
    typer.Option(
        "-o",
        "--output",
        help="The dataset's folder, seen alike by every node, or s3://.",
        show_default=False,
    ),
]
Shards = Annotated[int, typer.Option(help="Number of shards.", min=1)]


@app.command()
def status(output: Output, as_json: Json = False) -> None:
    """Tell what is done, running, failed and quarantined, the rate and the time left.

    From the folder alone, on any machine. The exit code is 1 where something failed.

    Example: `orbitset farm status out/mugs`
    """
    from renderer.commands.execute import command_line
    from renderer.commands.progress import pace
    from renderer.dataset.layout import Layout
    from renderer.dataset.storage import open_root
    from renderer.farm.status import run_status

    found = run_status(Layout(open_root(output)))
    if as_json:
        say_json({"state": found.state, **asdict(found)})
    else:
        share = found.done / found.images
        out.print(
            f"{found.name}: {found.state}, {found.done} of {found.images} images ({share:.1%})"
        )
        if found.schedulers:
            eta = f", about {_duration(found.eta_s)} left" if found.eta_s else ""
            out.print(
                f"  {found.running} rendering under {found.schedulers} scheduler"
                f"{'s' if found.schedulers > 1 else ''}, {pace(found.rate)}{eta}"
            )
        if found.failed:
            out.print(f"  {found.failed} failed, of these {found.quarantined} quarantined:")
            for cause, count in found.causes.items():
                out.print(f"    {count} x {cause}")
        for device, count in sorted(found.devices.items()):
            aside = " (set aside)" if device in found.set_aside else ""
            out.print(f"  {device}: {count} renders{aside}")
        if found.shards_done:
            out.print(f"  shards through: {', '.join(found.shards_done)}")
        if found.done and found.device_seconds:
            lost = f", {found.workers_lost} render processes lost" if found.workers_lost else ""
            out.print(f"  {found.cost_per_image:.2f} device-seconds an image{lost}")
        if found.state == "rendered, not merged":
            out.print(f"  to merge: orbitset dataset merge {shlex.quote(output)}")
        elif found.state == "stopped" and found.command:
            # The program is this one, wherever the run was: a journal names none to be started.
            out.print(f"  to go on: {command_line([sys.argv[0], *found.command[1:]])}")
        elif found.failed and not found.schedulers:
            out.print(f"  to try those again: orbitset farm retry {shlex.quote(output)}")
    if found.failed:
        raise typer.Exit(FAILED)


@app.command()
def log(
    output: Output,
    shot: Annotated[int | None, typer.Option(help="Only this image.", min=0)] = None,
    last: Annotated[int, typer.Option(help="So many events; 0 for all.", min=0)] = 50,
    follow: Annotated[bool, typer.Option("--follow", help="Go on as events come.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The JSON lines as they are.")] = False,
) -> None:
    """Print what happened in a run, in words, from its JSON journals.

    Examples:
    `orbitset farm log out/mugs --last 20`

    `orbitset farm log out/mugs --shot 17`

    """
    from renderer.dataset.assemble import read_run
    from renderer.dataset.layout import Layout
    from renderer.dataset.storage import open_root
    from renderer.farm.event_text import event_line
    from renderer.farm.journal import RunJournalReader

    layout = Layout(open_root(output))
    read_run(layout)
    reader = RunJournalReader(layout, shot)
    shown = reader.new_events(last or None)
    if shot is not None and not shown:
        warn(f"nothing is said of image {shot}")
    while True:
        for event in shown:
            if as_json:
                print(to_json(event.model_dump(mode="json")))
            else:
                out.print(event_line(event))
        if not follow:
            return
        time.sleep(2)
        shown = reader.new_events()


@app.command()
def retry(
    output: Output,
    shot: Annotated[list[int] | None, typer.Option(help="Only these images.", min=0)] = None,
    recipe_file: Annotated[
        Path | None,
        typer.Option("--recipe", help="The recipe, where it has moved.", show_default=False),
    ] = None,
    devices: Devices = "auto",
    per_device: PerDevice = 0,
    threads: Threads = 0,
    shot_timeout: ShotTimeout = 0.0,
    oom_to_cpu: OomToCpu = False,
    allow_mixed: AllowMixed = False,
    as_json: Json = False,
) -> None:
    """Try the failed and quarantined images of a run once more, and merge.

    Example: `orbitset farm retry out/mugs --shot-timeout 600`
    """
    from renderer.commands.execute import conclude, execute
    from renderer.commands.origin import find_recipe
    from renderer.commands.prepare import import_models
    from renderer.commands.render import override
    from renderer.dataset.layout import Layout
    from renderer.dataset.parts import PartIndex
    from renderer.dataset.storage import open_root
    from renderer.farm.run import Run
    from renderer.farm.scheduler import FarmOptions

    layout = Layout(open_root(output))
    origin, loaded = find_recipe(layout, recipe_file, quiet=as_json)
    changes = origin["changes"]
    recipe = override(loaded.recipe, **changes)
    cache, known = import_models(recipe, loaded.folder, quiet=as_json)
    run = Run(recipe, loaded.folder, layout, cache, known)
    options = FarmOptions(
        devices=devices,
        per_device=per_device,
        threads=threads,
        shot_timeout_s=shot_timeout,
        cpu_if_lacking=oom_to_cpu,
        allow_mixed=allow_mixed,
    )
    with run.locked():
        run.claim(origin, allow_mixed)
        failed = PartIndex(layout).failed()
        unknown = sorted(set(shot or ()) - failed)
        if unknown:
            stop(f"image {unknown[0]} has not failed in {output}: see orbitset farm status")
        shots = sorted(failed & set(shot) if shot else failed)
        if not shots and not as_json:
            err.print("nothing has failed: only merging")
        waiting = len(set(run.pending()) - failed)
        if waiting and not as_json:
            words = ["orbitset", "render", origin["recipe"], "-o", output]
            for key, value in changes.items():
                words += [f"--{key}", str(value)] if value is not None else []
            go_on = shlex.join(words)
            warn(f"{waiting} images have not been rendered yet; for those: {go_on}")
        execute(run, shots, options, as_json)
        conclude(run, as_json)


@app.command()
def slurm(
    recipe: RecipeFile,
    output: Into,
    shards: Shards = 16,
    at_once: Annotated[int, typer.Option(help="Tasks at the same time; 0: all.", min=0)] = 0,
    cpus: Annotated[int, typer.Option(help="CPUs a task.", min=1)] = 8,
    gpus: Annotated[int, typer.Option(help="GPUs a task.", min=0)] = 0,
    memory_gb: Annotated[int, typer.Option(help="GB of memory a task.", min=1)] = 16,
    minutes: Annotated[int, typer.Option(help="Time limit of a task.", min=10)] = 240,
    partition: Annotated[str, typer.Option(help="Partition. [default: Slurm's]")] = "",
    options: Annotated[str, typer.Option(help="More options for orbitset render.")] = "",
    script: Annotated[Path, typer.Option(help="Where to write it.")] = Path("orbitset.sbatch"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="Submit it as well.")] = False,
    as_json: Json = False,
) -> None:
    """Write (and with --submit submit) a Slurm job array that renders a recipe, a shard a task.

    Tasks that are preempted or reach their time limit finish the image they are in and are queued
    anew. --submit goes through submitit, which writes a script of its own that does the same.

    Examples:
    `orbitset farm slurm mugs.yaml -o /shared/mugs --shards 64 --gpus 1`

    `orbitset farm slurm mugs.yaml -o /shared/mugs --shards 64 --at-once 16 --submit`

    """
    from renderer.commands.render import must_be_render_options
    from renderer.farm.slurm import SlurmArray, submit_array
    from renderer.recipe import load_recipe

    fresh_file(script, force)
    array = SlurmArray(
        recipe=recipe.resolve(),
        output=output if "://" in output else str(Path(output).absolute()),
        shards=shards,
        at_once=at_once,
        cpus=cpus,
        gpus=gpus,
        memory_gb=memory_gb,
        minutes=minutes,
        partition=partition,
        options=options,
    )
    # A mistake is told now, not by every task.
    must_be_render_options(options)
    images = load_recipe(recipe).recipe.images
    if shards > images:
        warn(f"{shards} shards for {images} images: {shards - images} have nothing to do")
    script.write_text(array.script(), encoding="utf-8")
    job = submit_array(array, script.absolute().with_suffix("")) if submit else None
    if as_json:
        say_json({"script": str(script), "job": job})
        return
    out.print(f"wrote {script}")
    if job is None:
        out.print(f"submit it with: sbatch {script}  (or --submit), then watch it with:")
    else:
        out.print(f"submitted as job {job}; watch it with:")
    out.print(f"  orbitset farm status {array.output}")
    out.print(f"when all are done: orbitset dataset merge {array.output}")


@app.command()
def kubernetes(
    recipe: Annotated[str, typer.Argument(help="The recipe's path inside the container.")],
    output: Into,
    image: Annotated[str, typer.Option(help="The container image (see Dockerfile).")],
    shards: Shards = 16,
    at_once: Annotated[int, typer.Option(help="Pods at the same time; 0: all.", min=0)] = 0,
    cpus: Annotated[int, typer.Option(help="CPUs a pod.", min=1)] = 8,
    gpus: Annotated[int, typer.Option(help="NVIDIA GPUs a pod.", min=0)] = 0,
    memory_gb: Annotated[int, typer.Option(help="GB of memory a pod.", min=1)] = 16,
    claim: Annotated[str, typer.Option(help="A volume claim to mount at /data.")] = "",
    secret: Annotated[str, typer.Option(help="A secret with AWS_... variables.")] = "",
    options: Annotated[str, typer.Option(help="More options for orbitset render.")] = "",
    name: Annotated[str, typer.Option(help="The Job's name.")] = "orbitset",
    manifest: Annotated[Path, typer.Option(help="Where to write it.")] = Path("orbitset-job.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite it.")] = False,
    as_json: Json = False,
) -> None:
    """Write an indexed Kubernetes Job that renders a recipe, a shard a pod.

    Example:
    `orbitset farm kubernetes /data/mugs.yaml -o /data/mugs --claim datasets --image orbitset:0.1`

    """
    from renderer.commands.render import must_be_render_options
    from renderer.farm.kubernetes import IndexedJob

    fresh_file(manifest, force)
    must_be_render_options(options)
    job = IndexedJob(
        name=name,
        image=image,
        recipe=recipe,
        output=output,
        shards=shards,
        at_once=at_once,
        cpus=cpus,
        gpus=gpus,
        memory_gb=memory_gb,
        claim=claim,
        secret=secret,
        options=options,
    )
    manifest.write_text(job.manifest(), encoding="utf-8")
    if as_json:
        say_json({"manifest": str(manifest)})
        return
    out.print(f"wrote {manifest}; start it with: kubectl apply -f {manifest}")
    out.print(f"when it is complete: orbitset dataset merge {output}")


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
