"""The supervisor: gives shots to an executor, until each is rendered or recorded as failed.

It knows no processes, devices or clusters, only jobs, events and ends (``job.py``).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from renderer.dataset.layout import Layout
from renderer.dataset.storage import DiskError
from renderer.errors import UnavailableError
from renderer.farm.attribution import Attribution, Death
from renderer.farm.chunks import chunk_size
from renderer.farm.disk import DiskWatch
from renderer.farm.interrupt import Interrupts, RunStoppedError
from renderer.farm.job import Ended, Event, Executor, Job, Running
from renderer.farm.memory import OomWatch
from renderer.farm.quarantine import quarantine
from renderer.farm.timeouts import HangDetector, ShotTimeout

_WAIT_S = 0.1

Watch = Callable[[Event], None]


@dataclass
class Supervisor:
    """One run of some shots on one executor.

    Attributes:
        executor: what renders.
        layout: the dataset.
        pending: the shots to render.
        watch: told every event, the executor's and the supervisor's own.
        disk: says when there is no room.
        beat: called a few times a second.
        interrupts: signals that have come.
        shot_timeout: how long a worker may be silent.
        chunk: shots a job; 0 for about a minute's work.
        cpu_if_lacking: whether what a GPU's memory does not hold may be rendered on the CPU.
        session_number: see ``write_part``.

    """

    executor: Executor
    layout: Layout
    pending: deque[int]
    watch: Watch
    disk: DiskWatch
    beat: Callable[[], None] = lambda: None
    interrupts: Interrupts = field(default_factory=Interrupts)
    shot_timeout: ShotTimeout = field(default_factory=ShotTimeout)
    chunk: int = 0
    cpu_if_lacking: bool = False
    session_number: int = 0
    _again: deque[Job] = field(default_factory=deque)
    _jobs: dict[int, Running] = field(default_factory=dict)
    _attribution: Attribution = field(default_factory=Attribution)
    _given_up: list[tuple[int, Event | None]] = field(default_factory=list)
    _number: int = 0
    _stopping: bool = False
    _oom: OomWatch = field(default_factory=OomWatch)
    _hangs: HangDetector = field(init=False)

    def __post_init__(self) -> None:
        """Begin to listen."""
        self._hangs = HangDetector(self.executor, self.shot_timeout)

    def run(self) -> None:
        """Render everything; shots that cannot be are in parts, with their causes, all the same.

        Raises:
            RunStoppedError: asked to stop; what was finished is safe.
            RuntimeError: no worker can be started, or nothing can be written.

        """
        try:
            while self._jobs or self._left() or self._quarantine_is_possible():
                self._heed_signals()
                self._heed_disk()
                self._write_quarantined()
                self._hand_out()
                news = self.executor.news(_WAIT_S)
                for event in news.events:
                    self._take(event)
                for end in news.ended:
                    self._end(end)
                for running in self._hangs.hanging(self._jobs.values()):
                    self.executor.kill(running.job)
                self.beat()
        finally:
            self.executor.close()
        if self._stopping and (self.pending or self._again or self._given_up):
            raise RunStoppedError(self.interrupts.signal, at_once=False)

    def _quarantine_is_possible(self) -> bool:
        return bool(self._given_up) and not (self._stopping and self.disk.paused)

    def _left(self) -> bool:
        return not self._stopping and bool(self.pending or self._again)

    def _heed_signals(self) -> None:
        if self.interrupts.count > 1:
            raise RunStoppedError(self.interrupts.signal, at_once=True)
        if self.interrupts.count and not self._stopping:
            self._stopping = True
            self.executor.wind_down(True)
            self.watch({"event": "stopping", "running": self._shots_running()})

    def _shots_running(self) -> int:
        return sum(len(each.started) - len(each.finished) for each in self._jobs.values())

    def _heed_disk(self) -> None:
        self._oom.look()
        if self.disk.look():
            self._say_disk()

    def _say_disk(self) -> None:
        self.executor.wind_down(self.disk.paused or self._stopping)
        event = "paused" if self.disk.paused else "resumed"
        self.watch({"event": event, "free": self.disk.free(), "reserve": self.disk.reserve})

    def _pause(self) -> None:
        if not self.disk.paused:
            self.disk.pause()
            self._say_disk()

    def _hand_out(self) -> None:
        while self._left() and not self.disk.paused and self.executor.room() > 0:
            if self._hand_out_again():
                continue
            if not self.pending:
                return
            shots = tuple(self.pending.popleft() for _ in range(self._size()))
            if not self._submit(self._new_job(shots)):
                self.pending.extendleft(reversed(shots))
                return

    def _hand_out_again(self) -> bool:
        """Submit one of the jobs that are to be repeated; each waits for a device that suits it."""
        for job in self._again:
            if self._submit(job):
                self._again.remove(job)
                return True
        return False

    def _submit(self, job: Job) -> bool:
        if not self.executor.submit(job):
            return False
        self._jobs[job.id] = Running(job, time.monotonic())
        return True

    def _new_job(self, shots: tuple[int, ...]) -> Job:
        self._number += 1
        return Job(self._number, shots, avoid=self._attribution.unattributed())

    def _size(self) -> int:
        """Return how many shots the next job gets: consecutive ones, which is what low-discrepancy
        angles and asset caches like best.
        """
        workers = max(1, self.executor.room() + len(self._jobs))
        left = len(self.pending)
        return min(left, self.chunk or chunk_size(left, workers, self.shot_timeout.median))

    def _take(self, event: Event) -> None:
        running = self._jobs.get(event.get("job", -1))
        if running is not None:
            running.heard, running.device = time.monotonic(), event["device"]
            kind, shot = event["event"], event.get("shot", -1)
            if kind == "hello":  # from Ray, which begins anew what is lost
                running.begun, running.tries = False, running.tries + 1
            elif kind == "chunk":
                running.begun = True
                running.started.clear()
                running.finished.clear()
                self._attribution.record_start(running.device)
            elif kind == "start":
                running.started.append(shot)
            elif kind == "expose":
                running.plan = event["plan"]
                return
            elif kind == "part":
                running.safe.update(event["shots"])
            elif kind == "done":
                running.finished.add(shot)
                if not running.job.on_cpu:
                    self.shot_timeout.learn(event["seconds"])
                self._set_aside(self._attribution.record_success(shot, running.device))
            elif kind == "failed":
                running.finished.add(shot)
                event = {**event, "again": self._second_chance(shot, event, running)}
        self.watch(event)

    def _second_chance(self, shot: int, event: Event, running: Running) -> bool:
        """Have a failed shot tried once more where it may go better; return whether it is."""
        if event["impossible"] or running.job.on_cpu:
            return False
        lacking = bool(event.get("memory"))
        elsewhere = bool(self.executor.devices() - {running.device})
        first = self._attribution.record_failure(shot, running.device)
        on_cpu = lacking and not first and self.cpu_if_lacking and running.device != "cpu"
        again = on_cpu or (first and (elsewhere or lacking))
        if again:
            self._retry(shot, on_cpu=on_cpu)
        if on_cpu or not again:
            self._attribution.attribute_to_shot(
                shot
            )  # it fails wherever it is tried, or wherever it may fit
        return again

    def _retry(self, shot: int, on_cpu: bool = False) -> None:
        self._number += 1
        avoid = self._attribution.failed_on(shot)
        self._again.append(Job(self._number, (shot,), alone=True, avoid=avoid, on_cpu=on_cpu))

    def _set_aside(self, devices: list[str], why: str = "") -> None:
        for device in devices:
            if device in (there := self.executor.devices()) and len(there) > 1:
                self.executor.set_aside(device)
                cause = why or "three shots that failed there succeeded elsewhere"
                self.watch({"event": "set aside", "device": device, "cause": cause})

    def _end(self, end: Ended) -> None:
        running = self._jobs.pop(end.job.id, None)
        if running is None:
            return
        running.safe.update(end.safe)
        if running.hung:
            end = replace(end, cause=running.hung, outside=False)
        left = [shot for shot in running.job.shots if shot not in running.safe]
        if end.how in ("error", "defect"):
            kind = UnavailableError if end.how == "error" else RuntimeError
            raise kind(f"{end.cause}\n{end.log}".strip())
        if end.how == "died" and running.begun:
            self._record_death(end, running, left)
            return
        if end.job.alone and left:
            self._again.appendleft(end.job)
        else:
            self.pending.extendleft(reversed(left))
        if end.how == "full":
            self._pause()
        elif end.how in ("unstarted", "died"):
            self._record_failed_start(end)
        elif end.cause:
            self.watch({"event": "recycled", "worker": end.worker, "cause": end.cause})

    def _record_failed_start(self, end: Ended) -> None:
        if self._stopping:
            return
        told = not (end.outside or end.cause.startswith(("signal", "exit code")))
        if not self._attribution.record_failed_start(end.device, told):
            return
        why = f"the render process did not start: {end.cause}"
        others = self.executor.devices() - {end.device}
        if not others or end.job.on_cpu or not end.device:
            raise UnavailableError(f"{why}\n{end.log}".strip())
        self._set_aside([end.device], why)

    def _record_death(self, end: Ended, running: Running, left: list[int]) -> None:
        """Lay a worker's death at the right door, and have the rest of its job done elsewhere.

        Two shots are in the works at a time and the next one is being planned, so only a shot alone
        can be blamed.
        """
        lacking = end.outside and self._oom.new()
        cause = f"{end.cause}, out of memory" if lacking else end.cause
        self.watch(
            {
                "event": "hung" if running.hung else "died",
                "shots": left,
                "cause": cause,
                "worker": end.worker,
                "device": end.device,
                "log": end.log,
            }
        )
        begun = [shot for shot in running.started if shot not in running.finished]
        waiting = [shot for shot in left if shot not in running.started]
        suspects = left if running.job.alone else [*begun, *waiting[:1]]
        for shot in suspects:
            self._suspect(shot, running, Death(end.worker, end.device, cause, end.log, end.outside))
        again = {job.shots[0] for job in self._again} | {shot for shot, _ in self._given_up}
        self.pending.extendleft(reversed([shot for shot in left if shot not in again]))

    def _suspect(self, shot: int, running: Running, death: Death) -> None:
        alone = running.job.alone
        if (alone or death.outside) and self._attribution.record_death(shot, death):
            self._given_up.append((shot, running.plan))
        elif not death.outside or self._attribution.kills(shot) > 1:
            self._retry(shot)
        # One kill from outside is most likely nobody's fault: the shot goes back among the others.

    def _write_quarantined(self) -> None:
        while self._given_up and not self.disk.paused:
            shot, plan = self._given_up[0]
            try:
                cause = quarantine(
                    self.layout, shot, plan, self._attribution.deaths[shot], self.session_number
                )
            except DiskError as error:
                if not error.full:
                    raise
                self._pause()
                return
            self._given_up.pop(0)
            self.watch({"event": "quarantined", "shot": shot, "cause": cause})
