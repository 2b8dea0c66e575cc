"""How a run stands, by its folder alone: parts and journals; from any machine."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from dataclasses import dataclass, field

import psutil

from renderer.dataset.assemble import read_run
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.parts import PartIndex
from renderer.dataset.storage import is_local, machine_name
from renderer.farm import events
from renderer.farm.event_text import cause_kind
from renderer.farm.events import Event
from renderer.farm.heartbeat import EVERY_S
from renderer.farm.journal import journals, read_run_journal, upload_pause_s

# A scheduler of which there has been no event for this long is dead, or its machine is.
_ALIVE_S = 6 * EVERY_S
# The rate is that of the last so many seconds of work.
_RATE_OVER_S = 600.0
# Kinds of causes that are told.
_CAUSES = 5


@dataclass
class Session:
    """One scheduler's work on a run, as its journal tells it."""

    host: str = ""
    pid: int = 0
    begun: float = 0.0
    last_event: float = 0.0
    ended: str = ""
    paused: bool = False
    running: set[int] = field(default_factory=set)
    done: list[float] = field(default_factory=list)
    device_seconds: float = 0.0
    devices: Counter[str] = field(default_factory=Counter)
    set_aside: list[str] = field(default_factory=list)
    lost: int = 0
    shard: str | None = None
    command: tuple[str, ...] = ()
    dead_after_s: float = _ALIVE_S

    def alive(self, now: float) -> bool:
        """Tell whether it still works; of a process on this machine that is known for sure."""
        if self.ended:
            return False
        if self.host == machine_name():
            with contextlib.suppress(psutil.Error):
                # A number may be another process's by now; clocks differ by a little.
                return psutil.Process(self.pid).create_time() <= self.begun + 1
            return False
        return now - self.last_event < self.dead_after_s

    def handle(self, event: Event) -> None:
        """Take one event of its journal into account."""
        self.last_event = max(self.last_event, event.time)
        match event:
            case events.RunBegan():
                self.host, self.pid, self.begun = event.host, event.pid, event.time
                self.shard, self.command = event.shard, event.command
            case events.ShotStarted():
                self.running.add(event.shot)
            case events.ShotDone() | events.ShotFailed():
                self.running.discard(event.shot)
                self.done.append(event.time)
                self.devices[event.device] += 1
                # Processes that share a device share its seconds.
                self.device_seconds += event.seconds / event.sharing
            case events.WorkerLost():
                self.running -= set(event.shots)
                self.lost += 1
            case events.DeviceSetAside():
                self.set_aside.append(event.device)
            case events.RunPaused():
                self.paused = True
            case events.RunResumed():
                self.paused = False
            case events.RunEnded():
                self.ended = event.how


@dataclass(frozen=True)
class Status:
    """How a run stands. ``rate`` is in images a second, ``eta_s`` in seconds (None: not known)."""

    name: str
    images: int
    done: int
    failed: int
    quarantined: int
    running: int
    schedulers: int
    paused: bool
    rate: float
    eta_s: float | None
    device_seconds: float
    cost_per_image: float
    workers_lost: int
    devices: dict[str, int]
    set_aside: tuple[str, ...]
    merged: bool
    causes: dict[str, int]
    shards_done: tuple[str, ...]
    command: tuple[str, ...]

    @property
    def state(self) -> str:
        """The whole in one word or two."""
        if self.paused:
            return "paused, its disk is full"
        if self.schedulers:
            return "running"
        left = self.images - self.done - self.failed
        if left:
            return "waiting for other shards" if self.shards_done else "stopped"
        return "finished" if self.merged else "rendered, not merged"


def run_status(layout: Layout, now: float | None = None) -> Status:
    """Return the status of a run.

    Raises:
        AssembleError: the folder holds no run.

    """
    now = time.time() if now is None else now
    head = read_run(layout).head
    parts = PartIndex(layout)
    done, failed, quarantined = parts.done(), parts.failed(), parts.quarantined()
    sessions = read_sessions(layout)
    alive = [session for session in sessions if session.alive(now)]
    rate = sum(_rate(session, now) for session in alive)
    images = head.recipe.images
    left = images - len(done) - len(failed)
    cost = sum(session.device_seconds for session in sessions)
    devices: Counter[str] = Counter()
    for session in sessions:
        devices.update(session.devices)
    return Status(
        name=head.name,
        images=images,
        done=len(done),
        failed=len(failed),
        quarantined=len(quarantined),
        running=sum(len(session.running) for session in alive),
        schedulers=len(alive),
        paused=any(session.paused for session in alive),
        rate=round(rate, 4),
        eta_s=round(left / rate, 1) if rate and left else None,
        device_seconds=round(cost, 3),
        cost_per_image=round(cost / len(done), 4) if done else 0.0,
        workers_lost=sum(session.lost for session in sessions),
        devices=dict(devices),
        set_aside=tuple(device for session in alive for device in session.set_aside),
        merged=_is_merged(layout, images),
        causes=_causes(parts),
        shards_done=_shards_done(sessions),
        command=_unfinished(sessions),
    )


def _causes(parts: PartIndex) -> dict[str, int]:
    """Return why shots failed, an example of each kind, and how many did so."""
    counted: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for _, cause in parts.causes():
        kind = cause_kind(cause)
        counted[kind] += 1
        examples.setdefault(kind, cause)
    return {examples[kind]: count for kind, count in counted.most_common(_CAUSES)}


def _unfinished(sessions: list[Session]) -> tuple[str, ...]:
    """Return the command of the last scheduler that was stopped before its end."""
    left = [each for each in sessions if each.ended != "finished" and "retry" not in each.command]
    return left[-1].command if left else ()


def _shards_done(sessions: list[Session]) -> tuple[str, ...]:
    """Return the shards that are through, if there is nothing else to be gone on with."""
    last = {session.shard: session for session in sessions}
    through = all(session.shard and session.ended == "finished" for session in last.values())
    return tuple(sorted(shard for shard in last if shard)) if through else ()


def _is_merged(layout: Layout, images: int) -> bool:
    """Tell whether the last merge was of all images there should be."""
    if not layout.manifest.exists():
        return False
    manifest = read_manifest(layout)
    return manifest.recipe.images == images and not manifest.missing


def read_sessions(layout: Layout) -> list[Session]:
    """Return every scheduler's work on a run, oldest first."""
    sessions = []
    for path in journals(layout):
        session = Session()
        if not is_local(path):  # it is only brought there now and then
            session.dead_after_s += 2 * upload_pause_s(path.stat().st_size)
        for _, event in read_run_journal(path):
            session.handle(event)
        sessions.append(session)
    return sessions


def _rate(session: Session, now: float) -> float:
    since = max(session.begun, now - _RATE_OVER_S)
    recent = sum(when >= since for when in session.done)
    return recent / max(now - since, 1.0)
