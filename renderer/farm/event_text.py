"""Events as sentences, for people."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from renderer.dataset.manifest import spans
from renderer.farm import events
from renderer.farm.events import BaseWorkerEvent, Event, WorkerEvent


def event_line(event: Event) -> str:
    """Return one line: when, who, what."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.time))
    who = getattr(event, "worker", "") or "scheduler"
    text = _worker_text(event) if isinstance(event, BaseWorkerEvent) else _scheduler_text(event)
    return " ".join(f"{when}  {who:<14} {text}".splitlines())


def _worker_text(event: WorkerEvent) -> str:
    match event:
        case events.WorkerStarted():
            return f"starts (process {event.pid})"
        case events.StartFailed():
            return f"cannot start: {event.cause}"
        case events.JobStarted():
            return f"begins a job of {_shots(event.shots)}"
        case events.ShotStarted():
            return f"begins shot {event.shot}"
        case events.ShotPlanned():
            return f"has planned shot {event.shot}"
        case events.ShotDone():
            return f"has finished shot {event.shot} in {event.seconds:.2f} s"
        case events.ShotFailed():
            again = ", and tries again" if event.again else ""
            return f"failed at shot {event.shot}: {event.cause}{again}"
        case events.PartWritten():
            return f"has written the part of {_shots(event.shots)}"
    return event.event


def _scheduler_text(event: Event) -> str:
    match event:
        case events.RunBegan():
            return _beginning(event)
        case events.Heartbeat():
            return _heartbeat(event)
        case events.WorkerDied():
            return f"died in {_shots(event.shots)}: {event.cause}"
        case events.WorkerHung():
            return f"was killed in {_shots(event.shots)}: {event.cause}"
        case events.WorkerRecycled():
            return f"is replaced by a fresh process after {event.cause}"
        case events.ShotQuarantined():
            return f"gives up shot {event.shot}: {event.cause}"
        case events.DeviceSetAside():
            return f"sets {event.device} aside: {event.cause}"
        case events.RunPaused():
            return f"pauses: {event.free / 1e6:.0f} MB of disk are free"
        case events.RunResumed():
            return f"goes on: {event.free / 1e6:.0f} MB of disk are free"
        case events.RunStopping():
            return "was asked to stop; the shots that are rendering are finished"
        case events.RunEnded():
            return f"ends: {event.how}"
    return event.event


def _beginning(event: events.RunBegan) -> str:
    shard = f", shard {event.shard}" if event.shard else ""
    where = f"{event.host} (process {event.pid})"
    slots = ", ".join(event.slots)
    return f"begins {event.pending} of {event.images} shots{shard} on {slots}, {where}"


def _heartbeat(event: events.Heartbeat) -> str:
    rates = ", ".join(f"{slot} {rate:.2f}/s" for slot, rate in event.images_per_s.items())
    gpus = "".join(f", GPU {gpu.percent} %" for gpu in event.gpus)
    return (
        f"images: {rates or 'none'}; CPU {event.cpu_percent:.0f} %{gpus}, "
        f"memory {event.memory_percent:.0f} %"
    )


def _shots(shots: Sequence[int]) -> str:
    listed = spans(shots)
    return f"shot{'s' if len(shots) != 1 else ''} {', '.join(listed) or 'none'}"


def cause_kind(cause: str) -> str:
    """Return what causes of failures have in common: the numbers in them do not matter."""
    return re.sub(r"\d+", "#", cause)
