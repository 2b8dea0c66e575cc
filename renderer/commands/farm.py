"""orbitset farm: status, log and retry of runs."""

from __future__ import annotations

import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.array_jobs import kubernetes, slurm
from renderer.commands.options import AllowMixed, Devices, OomToCpu, PerDevice, ShotTimeout, Threads
from renderer.commands.terminal import (
    FAILED,
    err,
    out,
    print_json,
    stop,
    to_json,
    warn,
)

app = typer.Typer(help="Watch and spread runs.", no_args_is_help=True)

Output = Annotated[
    str, typer.Argument(help="The dataset's folder, or s3://bucket/run.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


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
        print_json({"state": found.state, **asdict(found)})
    else:
        share = found.done / found.images
        out.print(
            f"{found.name}: {found.state}, {found.done} of {found.images} shots ({share:.1%})"
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
            out.print(f"  {found.cost_per_image:.2f} device-seconds a shot{lost}")
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
    shot: Annotated[int | None, typer.Option(help="Only this shot.", min=0)] = None,
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
        warn(f"nothing is said of shot {shot}")
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
    shot: Annotated[list[int] | None, typer.Option(help="Only these shots.", min=0)] = None,
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
    """Try the failed and quarantined shots of a run once more, and merge.

    Example: `orbitset farm retry out/mugs --shot-timeout 600`
    """
    from renderer.commands.execute import execute, finish_run
    from renderer.commands.import_progress import import_with_progress
    from renderer.commands.origin import find_recipe
    from renderer.commands.render import override
    from renderer.dataset.layout import Layout
    from renderer.dataset.parts import PartIndex
    from renderer.dataset.storage import open_root
    from renderer.farm.run import Run
    from renderer.farm.scheduler import FarmOptions

    layout = Layout(open_root(output))
    origin, loaded = find_recipe(layout, recipe_file, quiet=as_json)
    changes = origin.changes
    recipe = override(loaded.recipe, **changes)
    assets = import_with_progress(recipe, loaded.folder, quiet=as_json)
    run = Run(recipe, loaded.folder, layout, assets.cache, assets.known)
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
            stop(f"shot {unknown[0]} has not failed in {output}: see orbitset farm status")
        shots = sorted(failed & set(shot) if shot else failed)
        if not shots and not as_json:
            err.print("nothing has failed: only merging")
        waiting = len(set(run.pending()) - failed)
        if waiting and not as_json:
            words = ["orbitset", "render", origin.recipe, "-o", output]
            for key, value in changes.items():
                words += [f"--{key}", str(value)] if value is not None else []
            go_on = shlex.join(words)
            warn(f"{waiting} shots have not been rendered yet; for those: {go_on}")
        execute(run, shots, options, as_json)
        finish_run(run, as_json)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


app.command()(slurm)
app.command()(kubernetes)
