"""What a task of a Ray cluster does: a job, in a process of the cluster, its events collected."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from renderer.asset import AssetCache, default_cache_folder
from renderer.dataset.storage import DiskError, is_local
from renderer.errors import UserError
from renderer.farm.environment import files_in
from renderer.farm.events import PartWritten, WorkerEvent, WorkerStarted
from renderer.farm.job import Job
from renderer.farm.slots import VISIBILITY
from renderer.farm.versions import equipment
from renderer.farm.worker import WorkerSetup, begin, render_job

# Of the process this runs in: the back end and devices it has begun with, why it is to be recycled,
# and whether it has been found fit for the run (Ray shares no processes between runs).
_pinned: tuple[str, ...] = ()
_recycle = ""
_fits = False

# Models in Ray's object store: key in the asset cache, file name, reference.
Bundle = dict[str, dict[str, Any]]


class EventCollector:
    """Collects the events of all workers of a run (an actor)."""

    def __init__(self) -> None:
        """Begin with none."""
        self._events: list[WorkerEvent] = []
        self._safe: dict[int, set[int]] = {}
        self._draining = False

    def add(self, event: WorkerEvent) -> bool:
        """Add an event; return whether no further shot shall be begun."""
        self._events.append(event)
        if isinstance(event, PartWritten):
            self._safe.setdefault(event.job, set()).update(event.shots)
        return self._draining

    def safe(self, job: int) -> set[int]:
        """Return the shots of a job that an earlier try of it has brought into parts."""
        return self._safe.get(job, set())

    def new_events(self) -> list[WorkerEvent]:
        """Return the events since the last call."""
        new, self._events = self._events, []
        return new

    def drain(self, on: bool) -> None:
        """Set what ``add`` answers."""
        self._draining = on


def run_task(
    setup: WorkerSetup, job: Job, collector: Any, bundle: Bundle
) -> tuple[str, str, tuple[int, ...]]:
    """Render a job in a process of the cluster; return how it ended, and why.

    A process that is to be recycled (``render_job``), or that Ray has given another GPU since its
    Blender was started, leaves, and Ray's own retry begins the job in a fresh one.
    """
    global _pinned, _recycle, _fits
    import ray

    pinned = (setup.backend, *(os.environ.get(name, "") for name in VISIBILITY.values()))
    elsewhere = _pinned not in ((), pinned)
    if not job.alone and (_recycle or elsewhere):
        os._exit(0)
    if elsewhere:  # what is alone is not repeated by Ray: give it back, then leave
        threading.Timer(0.5, os._exit, (0,)).start()
        return "done", "it was given another GPU", ()
    _pinned = _pinned or pinned
    device = device_name(socket.gethostname(), ray.get_runtime_context().get_node_id())
    worker = f"{device}#{os.getpid()}"
    draining = False

    def emit(event: WorkerEvent) -> None:
        nonlocal draining
        # Waited for: of a crash it must be known which shot it happened in.
        sent = event.sent_by(job=job.id, worker=worker, device=device)
        draining = ray.get(collector.add.remote(sent))

    setup = replace(setup, log=log_of(setup, worker))
    emit(WorkerStarted(pid=os.getpid()))
    try:
        if not _fits:
            _check_node(setup)
            _keep_files()
            _fits = True
        setup = _with_models(setup, bundle)
        begin(setup)
    except Exception as error:
        return "unstarted", last_line(error), ()
    done = ray.get(collector.safe.remote(job.id))
    left = replace(job, shots=tuple(shot for shot in job.shots if shot not in done))
    try:
        safe, _recycle = render_job(setup, left, emit, lambda: draining)
    except DiskError as error:
        return "full" if error.full else "error", f"{error.filename}: {error.strerror}", ()
    return "done", _recycle, (*done, *safe)


def _check_node(setup: WorkerSetup) -> None:
    """Raise UserError or OSError where this node has not the files that the scheduler has, or
    renders with something else, or cannot write.
    """
    here, where = socket.gethostname(), "on a disk that every node sees"
    if is_local(setup.layout.root):
        if not setup.layout.run.exists():
            raise FileNotFoundError(
                f"{here} does not see the output {setup.layout.root}: put it {where}, or in an "
                "object store"
            )
        try:
            tempfile.TemporaryFile(dir=setup.layout.parts).close()
        except OSError as error:
            if not DiskError(*error.args).full:
                raise PermissionError(
                    f"{here} cannot write into {setup.layout.root} ({error.strerror})"
                ) from None
    own, planner = equipment(setup.planner.recipe, setup.planner.folder), setup.planner
    if setup.equipment is None or own == setup.equipment:
        return
    if own.files != setup.equipment.files:
        raise FileNotFoundError(
            f"{here} does not see the photos or HDRIs that the scheduler sees beside "
            f"{planner.folder}: put the recipe {where}"
        )
    for program, wanted in setup.equipment.versions.items():
        version = own.versions.get(program)
        if version != wanted and not setup.allow_mixed:
            raise UserError(f"{here} has {program} {version}, the scheduler {wanted}")


def _keep_files() -> None:
    """Give this process's Blender a folder of its own for as long as it lives."""
    folder = tempfile.mkdtemp(prefix="orbitset-blender-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update(files_in(folder))


def _with_models(setup: WorkerSetup, bundle: Bundle) -> WorkerSetup:
    """Make sure that this node's cache has the models of a run; the scheduler's if it is shared."""
    import ray

    cache = setup.planner.cache
    if not os.access(cache.folder, os.R_OK | os.W_OK | os.X_OK):  # not here, or not ours
        cache = AssetCache(default_cache_folder())
    for key, files in bundle.items():
        if not cache.has(key):
            with cache.writing(key) as folder:
                for name, ref in files.items():
                    content: Any = ray.get(ref)
                    (folder / name).write_bytes(content)
    return replace(setup, planner=replace(setup.planner, cache=cache))


def log_of(setup: WorkerSetup, worker: str) -> Path:
    """Return Blender's log of a worker; others can read it where the output is a shared disk."""
    return setup.log.with_name(f"blender-{worker.replace(':', '-').replace('#', '-')}.log")


def device_name(host: str, node: str) -> str:
    """Return a node's name for people; its first digits tell nodes of one host apart."""
    return f"{host}:{node[:8]}"


def last_line(error: BaseException) -> str:
    """Return an error's last line; Ray puts whole tracebacks, in colour, into its texts."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
