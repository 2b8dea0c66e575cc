"""The one interface of all executors: submit chunks, hear of shots, see who died."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

# What a worker tells while it works: {"event", "job", "worker", "device", "shot", ...}; the
# executor adds "sharing", the number of processes that share the device.
Event = dict[str, Any]


def slot_of(worker: str) -> str:
    """Return where a worker's process runs; one that takes its place runs there too."""
    return worker.partition("#")[0]


@dataclass(frozen=True)
class Job:
    """A chunk of shots for one worker.

    Attributes:
        id: its number within the run.
        shots: the indices of its shots, ascending.
        alone: a single shot under suspicion of killing workers.
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
        log: Blender's last words.
        safe: shots it has brought into parts.
        outside: whether somebody or something else killed the process: no fault of the shot.

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
class News:
    """What an executor has heard since the last look, events before the ends they belong to."""

    events: list[Event] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)


@dataclass
class Running:
    """A job under way, as its events tell.

    Attributes:
        job: which one.
        heard: when its worker last said something (monotonic seconds).
        device: where it runs, once that is known.
        begun: whether Blender has started and its shots have.
        tries: how often a process has taken it up; a cluster repeats what is lost.
        started: shots whose turn has come, in order.
        finished: those of them that are done or failed.
        safe: shots that are in parts.
        hung: why its worker is being killed, if it is.
        plan: the Shot of a suspect, as it was dumped.

    """

    job: Job
    heard: float
    device: str = ""
    begun: bool = False
    tries: int = 0
    started: list[int] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    safe: set[int] = field(default_factory=set)
    hung: str = ""
    plan: Event | None = None


class Executor(Protocol):
    """What runs jobs: processes of this machine, or a cluster's.

    ``start_timeout_s`` is how long a worker may take from ``submit`` to its first word.
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

    def news(self, wait_s: float) -> News:
        """Return what has happened; wait for it no longer than ``wait_s``."""

    def kill(self, job: Job) -> None:
        """Kill the worker of a job; its end is told as any other death."""

    def set_aside(self, device: str) -> None:
        """Give a device no more jobs."""

    def wind_down(self, on: bool) -> None:
        """Ask every worker to end its job after the shot it is in, or take that back."""

    def close(self) -> None:
        """Stop all workers at once."""
