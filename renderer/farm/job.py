"""The one interface of all executors: submit jobs, receive their events, learn how they ended."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from renderer.farm import events
from renderer.farm.events import WorkerEvent


def slot_of(worker: str) -> str:
    """Return where a worker's process runs; one that takes its place runs there too."""
    return worker.partition("#")[0]


@dataclass(frozen=True)
class Job:
    """A chunk of shots for one worker.

    Attributes:
        id: its number within the run, from 1.
        shots: the indices of its shots, ascending.
        alone: a single shot that is tried again; a worker that dies of it died of no other.
        avoid: devices it shall not run on, where there are others.
        on_cpu: to be rendered on the CPU, because a GPU's memory does not hold it.

    """

    id: int
    shots: tuple[int, ...]
    alone: bool = False
    avoid: frozenset[str] = frozenset()
    on_cpu: bool = False


@dataclass(frozen=True)
class Ended:
    """The end of a job.

    Attributes:
        job: which one.
        worker: the process it ran in; another one has another name.
        device: the device (local) or node (Ray) it ran on.
        how: ``done`` (perhaps after a stop, with shots left over), ``died`` (its process is gone),
            ``unstarted`` (a worker could not begin), ``full`` (no room to write), ``error``
            (nothing can be written at all), ``defect`` (of ours; ``log`` has the traceback).
        cause: why, in words; ``signal 11``.
        log: the end of Blender's output.
        safe: shots it has brought into parts.
        outside: whether somebody or something else killed the process: the shot did not.

    """

    job: Job
    worker: str
    device: str
    how: Literal["done", "died", "unstarted", "full", "error", "defect"] = "done"
    cause: str = ""
    log: str = ""
    outside: bool = False
    safe: tuple[int, ...] = ()


@dataclass(frozen=True)
class Update:
    """What has happened since the last poll, events before the ends of their jobs."""

    events: list[WorkerEvent] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)


@dataclass
class Running:
    """A job under way, as its events tell.

    Attributes:
        job: which one.
        last_event: when its last event came (monotonic seconds).
        device: where it runs, once that is known.
        begun: whether Blender has started and its shots have.
        tries: how often a process has taken it up; a cluster repeats what is lost.
        started: shots whose turn has come, in order.
        finished: those of them that are done or failed.
        safe: shots that are in parts.
        hung: why its worker is being killed, if it is.
        plan: the Shot of a job that is ``alone``, as it was dumped.

    """

    job: Job
    last_event: float
    device: str = ""
    begun: bool = False
    tries: int = 0
    started: list[int] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    safe: set[int] = field(default_factory=set)
    hung: str = ""
    plan: dict[str, Any] | None = None

    def handle(self, event: WorkerEvent) -> None:
        """Take an event of the job's worker into account."""
        self.last_event, self.device = time.monotonic(), event.device
        match event:
            case events.WorkerStarted():  # from Ray, which begins anew what is lost
                self.begun, self.tries = False, self.tries + 1
            case events.JobStarted():
                self.begun = True
                self.started.clear()
                self.finished.clear()
            case events.ShotStarted():
                self.started.append(event.shot)
            case events.ShotPlanned():
                self.plan = event.plan
            case events.ShotDone() | events.ShotFailed():
                self.finished.add(event.shot)
            case events.PartWritten():
                self.safe.update(event.shots)

    def left(self) -> list[int]:
        """Return the shots that are in no part yet."""
        return [shot for shot in self.job.shots if shot not in self.safe]

    def suspects(self) -> list[int]:
        """Return the shots that its worker may have died of. Two are in the works at a time and the
        next one is being planned, so that only of a shot alone it is certain.
        """
        left = self.left()
        if self.job.alone:
            return left
        begun = [shot for shot in self.started if shot not in self.finished]
        waiting = [shot for shot in left if shot not in self.started]
        return [*begun, *waiting[:1]]


class Executor(Protocol):
    """What runs jobs: processes of this machine, or a cluster's.

    ``start_timeout_s`` is how long a worker may take from ``submit`` to its first event.
    """

    start_timeout_s: float

    def devices(self) -> set[str]:
        """Return the devices that are in use and not set aside."""

    def lost(self, device: str) -> bool:
        """Tell whether a device is gone with all that ran on it; its jobs begin anew elsewhere."""

    def room(self) -> int:
        """Return how many more jobs would start at once."""

    def submit(self, job: Job) -> bool:
        """Start a job; return False where no worker that suits it is free now."""

    def poll(self, wait_s: float) -> Update:
        """Return what has happened; wait for it no longer than ``wait_s``."""

    def kill(self, job: Job) -> None:
        """Kill the worker of a job; its end is told as any other death."""

    def set_aside(self, device: str) -> None:
        """Give a device no more jobs."""

    def drain(self, on: bool) -> None:
        """Ask every worker to end its job after the shot it is in, or take that back."""

    def close(self) -> None:
        """Stop all workers at once."""
