"""What happens in a run, one class an event; a journal holds them as JSON lines.

A worker tells what it does, its executor adds who the worker is, and the scheduler tells what it
decides. Nothing else describes an event a second time: journals, ``--json``, and whoever reads them
follow from these classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from renderer.dataset.parts import FailedStage
from renderer.farm.base_event import BaseEvent, Count, Number, ProcessId, Shots, Text


class BaseWorkerEvent(BaseEvent):
    """What a worker tells.

    Attributes:
        job: the job it works at; 0 for none.
        worker: its process, as ``optix:0.1#3``: the slot, and the number of the process in it.
        device: the device (local) or node (Ray) it runs on.
        sharing: the number of processes that share the device.

    """

    job: Count = 0
    worker: Text = ""
    device: Text = ""
    sharing: Annotated[int, Field(ge=1, lt=2**63)] = 1

    def sent_by(self, **origin: str | int) -> Self:
        """Return it with the job, worker, device or sharing that it comes from."""
        return self.model_copy(update=origin)


class WorkerStarted(BaseWorkerEvent):
    """A process has been started; Blender has not."""

    event: Literal["hello"] = "hello"
    pid: ProcessId


class StartFailed(BaseWorkerEvent):
    """Blender could not be started; ``explained``: the cause is a sentence for users."""

    event: Literal["broken"] = "broken"
    cause: Text
    explained: bool = False


class JobStarted(BaseWorkerEvent):
    """A worker begins a job."""

    event: Literal["chunk"] = "chunk"
    shots: Shots


class ShotStarted(BaseWorkerEvent):
    """A shot's turn has come."""

    event: Literal["start"] = "start"
    shot: Count


class ShotPlanned(BaseWorkerEvent):
    """A shot that may kill its worker is about to be rendered; ``plan`` is its Shot, dumped."""

    event: Literal["planned"] = "planned"
    shot: Count
    plan: dict[str, Any]


class ShotDone(BaseWorkerEvent):
    """A shot's image is written. ``seconds`` is how long it has held up its worker."""

    event: Literal["done"] = "done"
    needed: ClassVar[frozenset[str]] = frozenset({"time", "device"})
    shot: Count
    seconds: Number


class ShotFailed(BaseWorkerEvent):
    """A shot raised an error.

    Attributes:
        shot: its index.
        seconds: how long it has held up its worker.
        cause: the error, in words.
        stage: where it was raised.
        memory: whether it tells of memory that host or device lacks.
        impossible: whether no pose is acceptable, which is so on every machine.
        again: whether it is tried again.

    """

    event: Literal["failed"] = "failed"
    needed: ClassVar[frozenset[str]] = frozenset({"time", "device"})
    shot: Count
    seconds: Number
    cause: Text
    stage: FailedStage = "render"
    memory: bool = False
    impossible: bool = False
    again: bool = False


class PartWritten(BaseWorkerEvent):
    """Some shots are in a part, and need not be rendered again whatever happens."""

    event: Literal["part"] = "part"
    shots: Shots


class WorkerLost(BaseEvent):
    """What is known of a lost process: the ``shots`` of its job that are in no part, why it was
    lost, and the end of Blender's output.
    """

    shots: Shots
    cause: Text
    worker: Text = ""
    device: Text = ""
    log: Text = ""


class WorkerDied(WorkerLost):
    """A worker's process has crashed, or was killed by somebody."""

    event: Literal["died"] = "died"


class WorkerHung(WorkerLost):
    """A worker was killed because there was no event of it for too long."""

    event: Literal["hung"] = "hung"


class WorkerRecycled(BaseEvent):
    """A worker has ended in good order, for a fresh process to take its place."""

    event: Literal["recycled"] = "recycled"
    worker: Text = ""
    cause: Text


class ShotQuarantined(BaseEvent):
    """A shot is given up because its workers died or hung."""

    event: Literal["quarantined"] = "quarantined"
    shot: Count
    cause: Text


class DeviceSetAside(BaseEvent):
    """A device gets no more jobs."""

    event: Literal["set aside"] = "set aside"
    device: Text
    cause: Text


class RunBegan(BaseEvent):
    """A scheduler begins.

    Attributes:
        host: its machine.
        pid: its process there.
        command: its command line.
        images: of the whole run.
        shard: the shard it renders, as ``3-of-16``; None for all.
        pending: how many images it is to render.
        slots: what it renders on.
        threads: how many each process has; several where they differ.

    """

    event: Literal["begin"] = "begin"
    host: Text
    pid: ProcessId
    command: Annotated[tuple[Text, ...], Field(min_length=1)]
    images: Count
    shard: Text | None
    pending: Count
    slots: tuple[Text, ...]
    threads: tuple[Count, ...] = ()


class GpuUse(BaseModel):
    """How much of an NVIDIA GPU is in use: utilisation in percent, memory in MiB."""

    model_config = ConfigDict(frozen=True, strict=True)

    percent: Count
    memory_mib: Count
    memory_total_mib: Count


class Heartbeat(BaseEvent):
    """What a scheduler's machine has done in the last seconds: rates by slot, and what is used."""

    event: Literal["heartbeat"] = "heartbeat"
    images_per_s: dict[Text, Number]
    cpu_percent: Number
    memory_percent: Number
    gpus: tuple[GpuUse, ...]


class DiskEvent(BaseEvent):
    """How much room is on the disk: ``free`` bytes, of which ``reserve`` are to be kept."""

    free: Count
    reserve: Count = 0


class RunPaused(DiskEvent):
    """There is no room on the disk."""

    event: Literal["paused"] = "paused"


class RunResumed(DiskEvent):
    """There is room again."""

    event: Literal["resumed"] = "resumed"


class RunStopping(BaseEvent):
    """The run was asked to stop; ``running`` images are still finished."""

    event: Literal["stopping"] = "stopping"
    running: Count = 0


class RunEnded(BaseEvent):
    """A scheduler ends; ``how``: finished, crashed, or stopped by a signal."""

    event: Literal["end"] = "end"
    how: Text


WorkerEvent = (
    WorkerStarted
    | StartFailed
    | JobStarted
    | ShotStarted
    | ShotPlanned
    | ShotDone
    | ShotFailed
    | PartWritten
)
Event = (
    WorkerEvent
    | WorkerDied
    | WorkerHung
    | WorkerRecycled
    | ShotQuarantined
    | DeviceSetAside
    | RunBegan
    | Heartbeat
    | RunPaused
    | RunResumed
    | RunStopping
    | RunEnded
)
EventHandler = Callable[[Event], None]
_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def read_event(line: bytes) -> Event | None:
    """Return the event of a line of JSON; None where it is none."""
    try:
        return _EVENT.validate_json(line)
    except ValidationError:
        return None
