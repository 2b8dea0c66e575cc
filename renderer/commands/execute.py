"""Render what is left of a run, with progress, and bring the dataset to its final form."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer

from renderer.commands.progress import RunProgress
from renderer.commands.terminal import FAILED, err, headed, in_bytes, out, print_json, stop, warn
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import spans
from renderer.dataset.merge import MergeResult
from renderer.dataset.parts import PartIndex
from renderer.dataset.storage import DiskError, is_local
from renderer.export.write import finish
from renderer.farm.disk import disk_space
from renderer.farm.events import Event, EventHandler
from renderer.farm.interrupt import RunStoppedError
from renderer.farm.run import Run, RunBusyError, Shard
from renderer.farm.scheduler import FarmOptions, render_shots
from renderer.plan.cameras import view_names
from renderer.recipe import Recipe

_SHOWN = 10
# Of our own renders, on the large side.
_BYTES_PER_PIXEL = {"png": 1.5, "jpeg": 0.3, "webp": 0.3}


def execute(
    run: Run,
    shots: list[int],
    options: FarmOptions,
    quiet: bool,
    metrics_port: int = 0,
    ignore_space: bool = False,
) -> None:
    """Render some shots of a claimed and locked run; says how to go on where it is stopped."""
    if shots and not ignore_space:
        _check_disk(run.layout.root, len(shots), run.recipe, options.reserve_bytes)
    try:
        with ExitStack() as stack:
            progress = stack.enter_context(RunProgress(len(shots), quiet))
            handlers: list[EventHandler] = [progress.handle]
            if metrics_port:
                from renderer.farm.metrics import RunMetrics

                metrics = stack.enter_context(RunMetrics(metrics_port, len(shots)))
                handlers.append(metrics.handle)

            def handle(event: Event) -> None:
                for each in handlers:
                    each(event)

            if shots:
                render_shots(run, shots, options, handle)
    except (RunStoppedError, KeyboardInterrupt) as stopped:
        number = stopped.signal if isinstance(stopped, RunStoppedError) else signal.SIGINT
        at_once = not isinstance(stopped, RunStoppedError) or stopped.at_once
        how = "stopped at once" if at_once else "stopped after the images that were rendering"
        stop(f"{how}; what is done is safe. To go on: {command_line(sys.argv)}", 128 + number)


def command_line(words: list[str]) -> str:
    """Return a command line as it was given, ready to be given again."""
    start = ["orbitset"] if Path(words[0]).name == "orbitset" else ["python", words[0]]
    return shlex.join([*start, *words[1:]])


def finish_run(run: Run, as_json: bool) -> None:
    """Merge, and say what came of the run; its exit code is 1 where a shot failed."""
    if run.shard is not None:
        _finish_shard(run, run.shard, as_json)
        return
    result = _assemble_when_there_is_room(run)
    if as_json:
        print_json(summary(run.layout.root, result))
    else:
        print_result(str(run.layout.root), result)
        out.print(f"report: {run.layout.report}")
    if result.failed or result.missing:
        raise typer.Exit(FAILED)


def summary(root: Path, result: MergeResult) -> dict[str, Any]:
    """Return the outcome for a script."""
    return {
        "shots": result.shots,
        "images": result.images,
        "annotations": result.annotations,
        "failed": causes(result.failed),
        "missing": spans(result.missing),
        "warnings": result.sentences(),
        "report": str(Layout(root).report),
    }


def causes(failed: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return failed shots for a script."""
    return [{"shot": index, "cause": cause} for index, cause in failed]


def print_result(root: str, result: MergeResult) -> None:
    """Say what is in a merged dataset and what is not."""
    for index, cause in result.failed[:_SHOWN]:
        warn(f"shot {index} failed: {cause}")
    for sentence in result.sentences()[:_SHOWN]:
        warn(sentence)
    out.print(f"{result.images} images with {result.annotations} objects in {root}")
    if result.failed:
        err.print(
            headed(
                f"{len(result.failed)} {shots(len(result.failed))} failed",
                "bold red",
                "(the same command tries them again, all but those that killed their workers; "
                f"orbitset farm retry {shlex.quote(root)} tries those too)",
            )
        )
    if result.missing:
        missing = spans(result.missing)
        listed = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
        lost = sum(map(len, result.missing))
        are = "is" if lost == 1 else "are"
        err.print(headed(f"{lost} {shots(lost)} {are} missing:", "bold red", listed))


def shots(count: int) -> str:
    """Return the word for so many shots."""
    return "shot" if count == 1 else "shots"


def _assemble_when_there_is_room(run: Run) -> MergeResult:
    """Finish the dataset; where the disk is full, wait for room as the rendering does."""
    warned = False
    while True:
        try:
            return finish(run.layout, run.cache)
        except DiskError as error:
            if not error.full:
                raise
            if not warned:
                warn(
                    f"{run.layout.root}: no room to merge the dataset; make some, it goes on by "
                    "itself (or stop, and run the same command again)"
                )
            warned = True
            time.sleep(2)


def _finish_shard(run: Run, shard: Shard, as_json: bool) -> None:
    parts = PartIndex(run.layout, run.span())
    done, failed = parts.done(), list(parts.causes())
    if as_json:
        print_json({"shard": shard.name, "images": len(done), "failed": causes(failed)})
    else:
        out.print(
            f"shard {shard.name}: {len(done)} shots done, {len(failed)} failed; when all "
            f"shards are done: orbitset dataset merge {run.layout.root}",
        )
    if len(done) < run.size() or run.pending():
        raise typer.Exit(FAILED)


def _check_disk(root: Path, count: int, recipe: Recipe, reserve: int | None) -> None:
    """Refuse so many shots if their images would surely not fit beside what is kept free."""
    if not is_local(root):
        return
    width, height = recipe.camera.resolution
    images = count * len(view_names(recipe.camera))
    needed = images * width * height * _BYTES_PER_PIXEL[recipe.output.format]
    _, free = disk_space(root)
    if reserve and reserve > free:
        raise RunBusyError(
            f"--min-free-gb keeps {in_bytes(reserve)} of the disk of {root} free, and it has "
            f"{in_bytes(free)}: make room, or lower it"
        )
    if needed > free:
        raise RunBusyError(
            f"{images} images need about {in_bytes(needed)} and the disk of {root} has "
            f"{in_bytes(free)} free: make room, choose another disk or format: jpeg, or "
            "--ignore-space to begin and pause when it is full"
        )
