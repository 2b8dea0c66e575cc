"""A slot of this machine with its present process: started, listened to, killed, replaced."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.resource_tracker as resource_tracker
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from pebble import ProcessPool

from renderer.errors import UserError
from renderer.farm.environment import call_prepared, pack_call
from renderer.farm.events import (
    BaseWorkerEvent,
    StartFailed,
    WorkerEvent,
    WorkerStarted,
)
from renderer.farm.job import Job
from renderer.farm.journal import Follower, Journal
from renderer.farm.pool import spawn_pool
from renderer.farm.slots import Slot
from renderer.farm.worker import WorkerSetup, begin, render_job

# What a process returns of a job: the shots that are in parts, and why it is to be replaced.
Outcome = tuple[tuple[int, ...], str]
# A killed process is gone at once; one that is not is stuck in the kernel and given up on.
_GONE_WITHIN_S = 10.0


@dataclass
class SlotProcess:
    """A slot, its present process, and the job that it works at.

    Attributes:
        slot: where it runs.
        setup: what a worker there is.
        events_file: where its processes write their events.
        spare: whether it is there for what GPUs cannot hold, and for nothing else.
        retired: whether it gets no more jobs.
        pool: of one process, which is started by the first job.
        number: of the process, from 0.
        pid: of the process, once it has told.
        job: what it works at.
        future: the outcome of that job.
        has_events: whether there was an event of that job.
        start_failed: why it could not begin, if so.
        killed: when it was killed (monotonic seconds); 0 for never.

    """

    slot: Slot
    setup: WorkerSetup
    events_file: Path
    spare: bool = False
    retired: bool = False
    pool: ProcessPool = field(init=False)
    number: int = 0
    pid: int = 0
    job: Job | None = None
    future: Future[Outcome] | None = None
    has_events: bool = False
    start_failed: StartFailed | None = None
    killed: float = 0.0
    _follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        """Prepare for the first process."""
        self._follower = Follower(self.events_file)
        self.pool = _new_pool(self.setup, self.events_file)

    @property
    def worker(self) -> str:
        """The name of the present process."""
        return f"{self.slot.name}#{self.number}"

    def start(self, job: Job, go_ahead: Path) -> None:
        """Have the process work at a job; it is started if there is none."""
        self.job, self.has_events, self.killed, self.start_failed = job, False, 0.0, None
        arguments = (self.setup, job, self.events_file, go_ahead)
        # What is started here inherits this: a terminal's Ctrl-C and a batch system's SIGTERM reach
        # the whole group, and workers obey none but their scheduler.
        resource_tracker.ensure_running()  # it would take the mask away when it starts
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            self.future = self.pool.schedule(_work, args=arguments)
        except RuntimeError:  # its process died while it had nothing to do
            self.renew()
            self.future = self.pool.schedule(_work, args=arguments)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def new_events(self) -> Iterator[WorkerEvent]:
        """Yield the events since the last call."""
        for event in self._follower.new_events():
            if not isinstance(event, BaseWorkerEvent):
                continue
            if isinstance(event, WorkerStarted):
                self.pid = event.pid
            elif isinstance(event, StartFailed):
                self.start_failed = event
            elif self.job is not None and event.job == self.job.id:
                self.has_events = True
            yield event.sent_by(worker=self.worker, device=self.slot.device)

    def end(self) -> None:
        """Forget the job: it has ended."""
        self.job, self.future, self.killed = None, None, 0.0

    def kill(self) -> None:
        """Kill the process."""
        self.killed = time.monotonic()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        else:
            _close(self.pool, self.pid)

    def is_stuck(self) -> bool:
        """Tell whether it was killed, and is there all the same: in the kernel, with its GPU."""
        return self.killed > 0 and time.monotonic() - self.killed > _GONE_WITHIN_S

    def renew(self) -> None:
        """End the process, and prepare for one that takes its place."""
        if self.is_stuck():  # nobody waits for it
            self.close()
            _do_not_join(self.pid)
        else:
            _close(self.pool, self.pid)
        self.number += 1
        self.pid = 0
        self.pool = _new_pool(self.setup, self.events_file)

    def close(self) -> threading.Thread:
        """End the process, in a thread: it may be stuck."""
        thread = threading.Thread(target=_close, args=(self.pool, self.pid), daemon=True)
        thread.start()
        return thread

    def wait_closed(self, thread: threading.Thread) -> None:
        """Wait for what ``close`` has begun; not for a process that is stuck in the kernel."""
        thread.join(_GONE_WITHIN_S)
        if thread.is_alive():
            _do_not_join(self.pid)


def _new_pool(setup: WorkerSetup, events_file: Path) -> ProcessPool:
    return spawn_pool(call_prepared, dict(setup.environment), pack_call(_enter, setup, events_file))


def _close(pool: ProcessPool, pid: int) -> None:
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    pool.stop()
    pool.join()


def _do_not_join(pid: int) -> None:
    """Have Python not wait for a process when it exits; multiprocessing joins all it knows of."""
    for child in multiprocessing.active_children():
        if child.pid == pid:
            multiprocessing.process._children.discard(child)  # type: ignore[attr-defined]


def _enter(setup: WorkerSetup, events_file: Path) -> None:
    """Begin a worker process; pebble's initializer."""
    journal = Journal(events_file)
    journal.write(WorkerStarted(pid=os.getpid()))
    try:
        begin(setup)
    except BaseException as error:
        explained = isinstance(error, UserError)
        cause = str(error) if explained else f"{type(error).__name__}: {error}"
        journal.write(StartFailed(cause=cause, explained=explained))
        raise


def _work(setup: WorkerSetup, job: Job, events_file: Path, go_ahead: Path) -> Outcome:
    journal = Journal(events_file)

    def emit(event: WorkerEvent) -> None:
        journal.write(event.sent_by(job=job.id))

    return render_job(setup, job, emit, lambda: not go_ahead.exists())
