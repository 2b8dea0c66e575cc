"""One scheduler's session on a dataset: its executor, its supervisor and its journal."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections import deque
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

from renderer.dataset.layout import Layout
from renderer.dataset.parts import next_session_number
from renderer.dataset.provenance import NO_IMAGES, refuse_mixing
from renderer.dataset.storage import is_local, machine_name
from renderer.farm.devices import gpus_here
from renderer.farm.disk import DiskWatch, default_reserve
from renderer.farm.events import Event, EventHandler, RunBegan, RunEnded
from renderer.farm.heartbeat import HeartbeatWriter
from renderer.farm.interrupt import RunStoppedError, interrupts
from renderer.farm.job import Executor
from renderer.farm.journal import RunJournal
from renderer.farm.local import LocalExecutor
from renderer.farm.machine import usable_cores, usable_memory
from renderer.farm.run import Run
from renderer.farm.slots import Slot, make_slots
from renderer.farm.supervisor import Supervisor
from renderer.farm.timeouts import FLOOR_S, STORE_FLOOR_S, ShotTimeout
from renderer.farm.versions import equipment, recipe_versions
from renderer.farm.worker import WorkerSetup
from renderer.shot.engines import capabilities

# Of the memory there is for us; the slots share it.
_MEMORY_SHARE = 0.8


@dataclass(frozen=True)
class FarmOptions:
    """How a run is spread and supervised; on one kind of device none of it changes a byte.

    Attributes:
        devices: see ``make_slots``.
        per_device: processes a device; 0 for the default.
        threads: CPU threads a process; 0 shares the cores out.
        chunk: shots a job; 0 for about a minute's work.
        shot_timeout_s: for how long there may be no event of a worker; 0 learns it.
        recycle_images: images after which a worker is replaced by a fresh one; 0 for never.
        recycle_bytes: resident memory beyond which it is; 0 for its share of the machine's.
        reserve_bytes: disk space to keep free; None for the default.
        cpu_if_lacking: see ``RetryPolicy``.
        cluster: address of a Ray cluster; empty for this machine.
        cpus: CPUs a task of a cluster takes.
        gpus: GPUs (a fraction too) a task of a cluster takes.
        allow_mixed: whether images of other versions or back ends may be there already.

    """

    devices: str = "auto"
    per_device: int = 0
    threads: int = 0
    chunk: int = 0
    shot_timeout_s: float = 0.0
    recycle_images: int = 1000
    recycle_bytes: int = 0
    reserve_bytes: int | None = None
    cpu_if_lacking: bool = False
    cluster: str = ""
    cpus: float = 1.0
    gpus: float = 0.0
    allow_mixed: bool = False


def render_shots(run: Run, shots: list[int], options: FarmOptions, handle: EventHandler) -> None:
    """Render some shots of a run; ``handle`` is given every event.

    Raises:
        RunStoppedError: asked to stop by SIGINT or SIGTERM.
        UnavailableError: no worker can be started, or nothing can be written.
        UserError: an option cannot be followed here.

    """
    with ExitStack() as stack:
        received = stack.enter_context(interrupts())
        spool = Path(stack.enter_context(_spool()))
        if options.cluster:  # Ray prints pages of its own on stdout, where --json should be alone
            said = stack.enter_context((spool / "ray.log").open("w", encoding="utf-8"))
            stack.enter_context(redirect_stdout(said))
        session_number = next_session_number(run.layout)
        executor, slots = _open_executor(run, options, spool, len(shots), session_number)
        journal = RunJournal(run.layout, spool)
        heartbeat = HeartbeatWriter(journal)

        def handle_all(event: Event) -> None:
            handle(event)
            heartbeat.handle(event)
            journal.write(event)

        handle_all(_beginning(run, shots, slots, executor))
        supervisor = Supervisor(
            executor,
            run.layout,
            deque(shots),
            handle_all,
            _disk_watch(run.layout.root, options),
            heartbeat.beat,
            received,
            _shot_timeout(run.layout.root, options),
            options.chunk,
            options.cpu_if_lacking,
            session_number,
        )
        how = "crashed"
        try:
            supervisor.run()
            how = "finished"
        except RunStoppedError as stopped:
            how = str(stopped)
            raise
        finally:
            handle_all(RunEnded(how=how))
            journal.close()


def _disk_watch(root: Path, options: FarmOptions) -> DiskWatch:
    reserve = options.reserve_bytes
    return DiskWatch(root, default_reserve(root) if reserve is None else reserve)


def _shot_timeout(root: Path, options: FarmOptions) -> ShotTimeout:
    return ShotTimeout(options.shot_timeout_s, FLOOR_S if is_local(root) else STORE_FLOOR_S)


def _spool() -> tempfile.TemporaryDirectory[str]:
    """Make a folder for what passes between processes; remove those of killed schedulers."""
    prefix = f"orbitset-run-{machine_name()}-"
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        named = re.fullmatch(r"(\d+)-[^-]+", old.name.removeprefix(prefix))
        if named and not Path(f"/proc/{named[1]}").exists():
            shutil.rmtree(old, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-")


def _beginning(run: Run, shots: list[int], slots: list[Slot], executor: Executor) -> RunBegan:
    return RunBegan(
        host=machine_name(),
        pid=os.getpid(),
        command=tuple(sys.argv),
        images=run.recipe.images,
        shard=run.shard.name if run.shard else None,
        pending=len(shots),
        slots=tuple([slot.name for slot in slots] or sorted(executor.devices())),
        threads=tuple(sorted({slot.threads for slot in slots})),
    )


def _open_executor(
    run: Run, options: FarmOptions, spool: Path, shots: int, session_number: int
) -> tuple[Executor, list[Slot]]:
    layout = Layout(
        run.layout.root.absolute()
    )  # workers of a cluster begin in folders of their own
    logs = layout.logs if is_local(layout.root) else spool
    list(layout.files("logs", "*"))  # workers append to files there: none may be a link elsewhere
    planner = run.planner
    setup = WorkerSetup(
        replace(planner, folder=planner.folder.absolute()),
        layout,
        logs / "blender.log",
        threads=options.threads,
        session_number=session_number,
        most_images=options.recycle_images,
        most_bytes=options.recycle_bytes,
        allow_mixed=options.allow_mixed,
        present=run.provenance(),
    )
    slots = [] if options.cluster else choose_slots(options, shots)
    setup = _check_mixing(setup, {slot.backend.upper() for slot in slots})
    if options.cluster:
        from renderer.farm.cluster import RayExecutor

        setup = replace(setup, equipment=equipment(planner.recipe, planner.folder))
        return RayExecutor.connect(setup, options.cluster, options.cpus, options.gpus), []
    if not options.recycle_bytes:
        share = int(usable_memory() * _MEMORY_SHARE / len(slots))
        setup = replace(setup, most_bytes=share)
    return LocalExecutor(setup, slots, spool), slots


def _check_mixing(setup: WorkerSetup, backends: set[str]) -> WorkerSetup:
    """Raise MixedError where images would be mixed; return what workers have yet to check:
    only they know what a cluster's nodes have, and which OpenGL is here.
    """
    recipe = setup.planner.recipe
    known = backends if capabilities(recipe.render.engine).named_device else set()
    if not setup.allow_mixed:
        changes = setup.present.changes(recipe_versions(recipe), known)
        refuse_mixing(setup.layout.root, changes)
    return replace(setup, present=NO_IMAGES) if known else setup


def choose_slots(options: FarmOptions, shots: int) -> list[Slot]:
    """Return the slots of this machine for some options and so many shots.

    Raises:
        UserError: a device that is not there.

    """
    found = [] if options.devices == "cpu" else gpus_here()
    return make_slots(
        options.devices,
        found,
        options.per_device,
        options.threads,
        quota=usable_cores(),
        shots=shots,
    )
