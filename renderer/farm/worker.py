"""The worker process: a Blender scene that renders jobs and writes their parts."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from renderer.blender.libraries import forget_inherited_paths
from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line, write_part
from renderer.dataset.provenance import NO_IMAGES, Provenance, note_provenance, refuse_mixing
from renderer.dataset.storage import DiskError, prepare_store
from renderer.farm.events import (
    JobStarted,
    PartWritten,
    ShotDone,
    ShotFailed,
    ShotPlanned,
    ShotStarted,
    WorkerEvent,
)
from renderer.farm.job import Job
from renderer.farm.machine import usable_cores
from renderer.farm.memory import out_of_memory
from renderer.farm.threads import cap_pools, few_cores
from renderer.farm.versions import Equipment, recipe_versions
from renderer.pipeline import Pipeline, ShotObserver, ShotRenderer
from renderer.plan import Planner
from renderer.shot.shot import Shot

# A part is written at least this often, so that a dying worker costs no more work than that.
_PART_EVERY_S = 20.0
_MOST_FINISHERS = 4
_LOG_BYTES = 8 << 20


# Where a worker's events go.
Emit = Callable[[WorkerEvent], None]


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker needs to begin.

    Attributes:
        planner: decides the shots.
        layout: where the dataset is.
        log: the file Blender's own output goes to.
        backend: auto, cpu or a Cycles back end.
        threads: CPU threads of Cycles and of every library; 0 for all.
        environment: the process's own variables, set before any library is loaded.
        cores: CPU cores to keep to; empty for any.
        session_number: of the scheduler, see ``write_part``.
        equipment: the scheduler's, which a cluster's nodes must share.
        allow_mixed: whether nodes and images may differ in versions and back ends all the same.
        present: with what the images that are there were rendered.
        most_images: a worker is replaced by a fresh one after so many; 0 for never.
        most_bytes: the same, of resident memory.

    """

    planner: Planner
    layout: Layout
    log: Path
    backend: str = "auto"
    threads: int = 0
    environment: tuple[tuple[str, str], ...] = ()
    cores: tuple[int, ...] = ()
    session_number: int = 0
    equipment: Equipment | None = None
    allow_mixed: bool = False
    present: Provenance = NO_IMAGES
    most_images: int = 0
    most_bytes: int = 0


_renderers: dict[str, ShotRenderer] = {}
_devices: dict[str, str] = {}
_noted: set[tuple[Path, str]] = set()
_rendered = 0


def begin(setup: WorkerSetup) -> None:
    """Start Blender in this process, once; nothing may have imported bpy in it before.

    Where its parent is killed, Linux kills this process too: an orphan would go on rendering beside
    the run that resumes.

    """
    if setup.backend in _renderers:
        return
    from renderer.blender.native_output import redirect_output

    with contextlib.suppress(OSError):  # a full disk
        if setup.log.exists() and setup.log.stat().st_size > _LOG_BYTES:
            setup.log.unlink()
        redirect_output(setup.log)
    if sys.platform.startswith("linux"):
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    prepare_store(setup.layout.root)
    if setup.cores:
        os.sched_setaffinity(0, setup.cores)
    forget_inherited_paths()
    threads, planner = setup.threads or usable_cores(), setup.planner
    with few_cores(threads):
        from renderer.blender.scene_renderer import SceneRenderer

        cap_pools(threads)
        # A crash leaves its stack in the log. After bpy, which has a handler of its own.
        faulthandler.enable(all_threads=False)
        scene_renderer = SceneRenderer(
            planner.cache,
            planner.folder,
            setup.backend,
            threads,
            passes=planner.recipe.labels.passes,
        )
    _renderers[setup.backend], _devices[setup.backend] = scene_renderer, scene_renderer.device
    _check_back_end(setup, _back_end(setup))


def _back_end(setup: WorkerSetup) -> str:
    from renderer.blender.device import back_end

    return back_end(setup.planner.recipe.render.engine, _devices[setup.backend])


def _check_back_end(setup: WorkerSetup, backend: str) -> None:
    """Raise MixedError where the images that are there come from another back end."""
    if backend and not setup.allow_mixed:
        refuse_mixing(setup.layout.root, setup.present.changes({}, {backend}))


def _note(setup: WorkerSetup) -> None:
    """Leave a note with what this process renders, before the first of its images counts."""
    backend = _back_end(setup)
    if (setup.layout.root, backend) not in _noted:
        _check_back_end(setup, backend)
        note_provenance(setup.layout, recipe_versions(setup.planner.recipe), backend)
        _noted.add((setup.layout.root, backend))


@dataclass
class _JobObserver(ShotObserver):
    """Emits events of each shot as the pipeline comes to it."""

    job: Job
    emit: Emit
    draining: Callable[[], bool]
    _begun: dict[int, float] = field(default_factory=dict)

    def started(self, index: int) -> None:
        self._begun[index] = time.monotonic()
        self.emit(ShotStarted(shot=index))

    def stopping(self) -> bool:
        return self.draining()

    def spent(self, index: int) -> float:
        """Return the seconds a shot has held up the process: until the next one was begun. (It is
        finished while that one renders.)
        """
        begun = self._begun.pop(index)
        return round(min([*self._begun.values(), time.monotonic()]) - begun, 3)

    def rendering(self, shot: Shot) -> None:
        if self.job.alone:  # should it kill this process, its Shot is what people need
            self.emit(ShotPlanned(shot=shot.index, plan=shot.model_dump(mode="json")))


@dataclass
class _PartWriter:
    """Writes the lines of a job into parts; keeps those that are in none yet."""

    layout: Layout
    session_number: int
    emit: Emit
    lines: list[Line] = field(default_factory=list)
    written: float = field(default_factory=time.monotonic)
    safe: list[int] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.lines.append(line)
        if time.monotonic() - self.written > _PART_EVERY_S:
            self.write()

    def write(self) -> None:
        if self.lines:
            write_part(self.layout, self.lines, self.session_number)
            shots = tuple(line["index"] for line in self.lines)
            self.safe += shots
            self.emit(PartWritten(shots=shots))
        self.lines, self.written = [], time.monotonic()


def render_job(
    setup: WorkerSetup, job: Job, emit: Emit, draining: Callable[[], bool]
) -> tuple[tuple[int, ...], str]:
    """Render the shots of a job, until ``draining`` says to end, and write their parts.

    Returns the shots that are in parts (an event may be lost, where the disk it goes through is
    full), and why this process is to be replaced by a fresh one, or nothing.

    Raises:
        DiskError: an image or a part cannot be written. What was finished before is in a part,
            if there was room for that.
        MixedError: the images that are there come from another back end.

    """
    global _rendered
    emit(JobStarted(shots=job.shots))
    threads = setup.threads or usable_cores()
    # On a GPU finishing has the cores to itself; on a CPU one thread keeps up with rendering.
    finishers = max(1, min(_MOST_FINISHERS, threads // 2))
    pipeline = Pipeline(setup.planner, _renderers[setup.backend], setup.layout, finishers)
    parts, recycle = _PartWriter(setup.layout, setup.session_number, emit), ""
    observer = _JobObserver(job, emit, draining)
    try:
        for line in pipeline.run(job.shots, observer):
            spent = observer.spent(line["index"])
            if "failed" not in line:
                _note(setup)
            parts.add(line)
            _rendered += 1
            if "failed" in line:
                failed = _failed(line, spent)
                recycle = "out of memory" if failed.memory else recycle
                emit(failed)
            else:
                emit(ShotDone(shot=line["index"], seconds=spent))
    except DiskError:
        with contextlib.suppress(DiskError):
            parts.write()
        raise
    parts.write()
    return tuple(parts.safe), recycle or _recycle_cause(setup)


def _failed(line: Line, seconds: float) -> ShotFailed:
    return ShotFailed(
        shot=line["index"],
        seconds=seconds,
        cause=line["failed"],
        stage=line["stage"],
        memory=out_of_memory(line["failed"]),
        impossible="impossible" in line,
    )


def _recycle_cause(setup: WorkerSetup) -> str:
    """Return why this process has rendered enough; nothing where it has not."""
    resident = psutil.Process().memory_info().rss
    if setup.most_images and _rendered >= setup.most_images:
        return f"{_rendered} images"
    if setup.most_bytes and resident > setup.most_bytes:
        return f"{resident / 2**30:.1f} GiB resident"
    return ""
