"""The supervisor: gives shots to an executor, until each is rendered or recorded as failed.

It knows no processes, devices or clusters, only jobs, events and ends (``job.py``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from renderer.dataset.layout import Layout
from renderer.dataset.storage import DiskError
from renderer.errors import UnavailableError
from renderer.farm import events
from renderer.farm.attribution import Death
from renderer.farm.disk import DiskWatch
from renderer.farm.events import EventHandler, WorkerEvent
from renderer.farm.interrupt import Interrupts, RunStoppedError
from renderer.farm.job import Ended, Executor, Job, Running
from renderer.farm.job_queue import JobQueue
from renderer.farm.memory import OomWatch
from renderer.farm.quarantine import quarantine
from renderer.farm.retries import Retry, RetryPolicy
from renderer.farm.timeouts import HangDetector, ShotTimeout

_WAIT_S = 0.1


@dataclass
class Supervisor:
    """One run of some shots on one executor.

    Attributes:
        executor: what renders.
        layout: the dataset.
        pending: the shots to render.
        handle: is given every event, the executor's and the supervisor's own.
        disk: says when there is no room.
        beat: called a few times a second.
        interrupts: signals that have come.
        shot_timeout: for how long there may be no event of a worker.
        chunk: shots a job; 0 for about a minute's work.
        cpu_if_lacking: see ``RetryPolicy``.
        session_number: see ``write_part``.

    """

    executor: Executor
    layout: Layout
    pending: deque[int]
    handle: EventHandler
    disk: DiskWatch
    beat: Callable[[], None] = lambda: None
    interrupts: Interrupts = field(default_factory=Interrupts)
    shot_timeout: ShotTimeout = field(default_factory=ShotTimeout)
    chunk: int = 0
    cpu_if_lacking: bool = False
    session_number: int = 0
    _queue: JobQueue = field(init=False)
    _policy: RetryPolicy = field(init=False)
    _hangs: HangDetector = field(init=False)
    _jobs: dict[int, Running] = field(default_factory=dict)
    _given_up: list[tuple[int, dict[str, Any] | None]] = field(default_factory=list)
    _stopping: bool = False
    _oom: OomWatch = field(default_factory=OomWatch)

    def __post_init__(self) -> None:
        """Begin with nothing under way."""
        self._queue = JobQueue(self.pending, self.chunk)
        self._policy = RetryPolicy(self.cpu_if_lacking)
        self._hangs = HangDetector(self.executor, self.shot_timeout)

    def run(self) -> None:
        """Render everything; shots that cannot be are in parts, with their causes, all the same.

        Raises:
            RunStoppedError: asked to stop; what was finished is safe.
            RuntimeError: no worker can be started, or nothing can be written.

        """
        try:
            while self._jobs or self._has_more() or self._can_quarantine():
                self._look_for_signals()
                self._look_at_disk()
                self._quarantine()
                self._submit()
                update = self.executor.poll(_WAIT_S)
                for event in update.events:
                    self._receive(event)
                for end in update.ended:
                    self._end(end)
                for running in self._hangs.hanging(self._jobs.values()):
                    self.executor.kill(running.job)
                self.beat()
        finally:
            self.executor.close()
        if self._stopping and (self._queue or self._given_up):
            raise RunStoppedError(self.interrupts.signal, at_once=False)

    def _has_more(self) -> bool:
        return not self._stopping and bool(self._queue)

    def _can_quarantine(self) -> bool:
        return bool(self._given_up) and not (self._stopping and self.disk.paused)

    def _look_for_signals(self) -> None:
        if self.interrupts.count > 1:
            raise RunStoppedError(self.interrupts.signal, at_once=True)
        if self.interrupts.count and not self._stopping:
            self._stopping = True
            self.executor.drain(True)
            self.handle(events.RunStopping(running=self._shots_running()))

    def _shots_running(self) -> int:
        return sum(len(each.started) - len(each.finished) for each in self._jobs.values())

    def _look_at_disk(self) -> None:
        self._oom.look()
        if self.disk.look():
            self._pause_or_resume()

    def _pause_or_resume(self) -> None:
        self.executor.drain(self.disk.paused or self._stopping)
        event = events.RunPaused if self.disk.paused else events.RunResumed
        self.handle(event(free=self.disk.free(), reserve=self.disk.reserve))

    def _pause(self) -> None:
        if not self.disk.paused:
            self.disk.pause()
            self._pause_or_resume()

    def _submit(self) -> None:
        while self._has_more() and not self.disk.paused and (room := self.executor.room()) > 0:
            workers = max(1, room + len(self._jobs))
            avoid = self._policy.attribution.unattributed()
            job = self._queue.submit_alone(self.executor) or self._queue.submit_pending(
                self.executor, workers, self.shot_timeout.median, avoid
            )
            if job is None:
                return
            self._jobs[job.id] = Running(job, time.monotonic())

    def _receive(self, event: WorkerEvent) -> None:
        running = self._jobs.get(event.job)
        if running is not None:
            running.handle(event)
            match event:
                case events.JobStarted():
                    self._policy.attribution.record_start(event.device)
                case events.ShotDone():
                    self._done(event, running.job)
                case events.ShotFailed():
                    event = self._failed(event, running.job)
        if not isinstance(event, events.ShotPlanned):
            self.handle(event)

    def _done(self, event: events.ShotDone, job: Job) -> None:
        if not job.on_cpu:
            self.shot_timeout.learn(event.seconds)
        self._set_aside(self._policy.attribution.record_success(event.shot, event.device))

    def _failed(self, event: events.ShotFailed, job: Job) -> events.ShotFailed:
        """Have a failed shot tried again if the policy says so; return the event with that."""
        retry = self._policy.after_failure(event, job)
        if retry is None:
            return event
        self._queue.add_alone(retry)
        return event.model_copy(update={"again": True})

    def _set_aside(self, devices: list[str], why: str = "") -> None:
        for device in devices:
            if device in (there := self.executor.devices()) and len(there) > 1:
                self.executor.set_aside(device)
                cause = why or "three shots that failed there succeeded elsewhere"
                self.handle(events.DeviceSetAside(device=device, cause=cause))

    def _end(self, end: Ended) -> None:
        running = self._jobs.pop(end.job.id, None)
        if running is None:
            return
        running.safe.update(end.safe)
        if running.hung:
            end = replace(end, cause=running.hung, outside=False)
        if end.how in ("error", "defect"):
            kind = UnavailableError if end.how == "error" else RuntimeError
            raise kind(f"{end.cause}\n{end.log}".strip())
        if end.how == "died" and running.begun:
            self._record_death(end, running)
            return
        self._queue.put_back(running.left(), end.job)
        if end.how == "full":
            self._pause()
        elif end.how in ("unstarted", "died"):
            self._record_failed_start(end)
        elif end.cause:
            self.handle(events.WorkerRecycled(worker=end.worker, cause=end.cause))

    def _record_failed_start(self, end: Ended) -> None:
        if self._stopping:
            return
        explained = not (end.outside or end.cause.startswith(("signal", "exit code")))
        if not self._policy.attribution.record_failed_start(end.device, explained):
            return
        why = f"the render process did not start: {end.cause}"
        others = self.executor.devices() - {end.device}
        if not others or end.job.on_cpu or not end.device:
            raise UnavailableError(f"{why}\n{end.log}".strip())
        self._set_aside([end.device], why)

    def _record_death(self, end: Ended, running: Running) -> None:
        """Record a worker's death in the shots it may have died of, and put the others back."""
        lacking = end.outside and self._oom.new()
        cause = f"{end.cause}, out of memory" if lacking else end.cause
        left = running.left()
        event = events.WorkerHung if running.hung else events.WorkerDied
        self.handle(
            event(shots=tuple(left), cause=cause, worker=end.worker, device=end.device, log=end.log)
        )
        death = Death(end.worker, end.device, cause, end.log, end.outside)
        for shot in running.suspects():
            decision = self._policy.after_death(shot, death, running.job.alone)
            if isinstance(decision, Retry):
                self._queue.add_alone(decision)
            elif decision == "give up":
                self._given_up.append((shot, running.plan))
        elsewhere = self._queue.alone() | {shot for shot, _ in self._given_up}
        self._queue.put_back(shot for shot in left if shot not in elsewhere)

    def _quarantine(self) -> None:
        while self._given_up and not self.disk.paused:
            shot, plan = self._given_up[0]
            deaths = self._policy.attribution.deaths[shot]
            try:
                cause = quarantine(self.layout, shot, plan, deaths, self.session_number)
            except DiskError as error:
                if not error.full:
                    raise
                self._pause()
                return
            self._given_up.pop(0)
            self.handle(events.ShotQuarantined(shot=shot, cause=cause))
