"""Journals in words, for people."""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from renderer.dataset.layout import Layout
from renderer.dataset.manifest import spans
from renderer.farm.job import Event
from renderer.farm.journal import journals, read_run_journal


@dataclass
class Listener:
    """Reads the journals of all schedulers of a run, each from where it was left."""

    layout: Layout
    shot: int | None = None
    _offsets: dict[str, int] = field(default_factory=dict)

    def news(self, most: int | None = None) -> list[Event]:
        """Return the events since the last call, in order of time, at most the last ``most``; of
        one shot if so chosen.
        """
        events: list[Event] = []
        for path in journals(self.layout):
            own: deque[Event] = deque(maxlen=most)
            for offset, event in read_run_journal(path, self._offsets.get(path.name, 0)):
                self._offsets[path.name] = offset
                if self._wanted(event):
                    own.append(event)
            events += own
        events.sort(key=lambda event: float(event.get("time", 0.0)))
        return events if most is None else events[-most:]

    def _wanted(self, event: Event) -> bool:
        told = event.get("shots") or ()
        return self.shot is None or event.get("shot") == self.shot or self.shot in told


def in_words(event: Event) -> str:
    """Return one line: when, who, what."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.get("time", 0)))
    who = event.get("worker") or "scheduler"
    return " ".join(f"{when}  {who:<14} {_what(event)}".splitlines())


def _what(event: Event) -> str:
    kind = event["event"]
    tell = _TELL.get(kind)
    return str(tell(event)) if tell else str(kind)


def _begin(event: Event) -> str:
    shard = f", shard {event['shard']}" if event.get("shard") else ""
    slots = ", ".join(event["slots"])
    where = f"{event['host']} (process {event['pid']})"
    return f"begins {event['pending']} of {event['images']} images{shard} on {slots}, {where}"


def _heartbeat(event: Event) -> str:
    rates = ", ".join(f"{slot} {rate:.2f}/s" for slot, rate in event["images_per_s"].items())
    gpus = "".join(f", GPU {gpu['percent']} %" for gpu in event["gpus"])
    return (
        f"images: {rates or 'none'}; CPU {event['cpu_percent']:.0f} %{gpus}, "
        f"memory {event['memory_percent']:.0f} %"
    )


def _shots(event: Event) -> str:
    listed = spans(event["shots"])
    return f"image{'s' if len(event['shots']) != 1 else ''} {', '.join(listed) or 'none'}"


def kind_of(cause: str) -> str:
    """Return what causes of failures have in common: the numbers in them do not matter."""
    return re.sub(r"\d+", "#", cause)


_TELL: dict[str, Any] = {
    "begin": _begin,
    "heartbeat": _heartbeat,
    "hello": lambda e: f"starts (process {e['pid']})",
    "broken": lambda e: f"cannot start: {e['cause']}",
    "chunk": lambda e: f"takes {_shots(e)}",
    "start": lambda e: f"begins image {e['shot']}",
    "done": lambda e: f"has finished image {e['shot']} in {e['seconds']:.2f} s",
    "failed": lambda e: f"failed at image {e['shot']}: {e['cause']}",
    "part": lambda e: f"has made {_shots(e)} safe",
    "died": lambda e: f"died in {_shots(e)}: {e['cause']}",
    "hung": lambda e: f"was killed in {_shots(e)}: {e['cause']}",
    "quarantined": lambda e: f"gives up image {e['shot']}: {e['cause']}",
    "set aside": lambda e: f"sets {e['device']} aside: {e['cause']}",
    "recycled": lambda e: f"makes room for a fresh process after {e['cause']}",
    "paused": lambda e: f"pauses: {e['free'] / 1e6:.0f} MB of disk are free",
    "resumed": lambda e: f"goes on: {e['free'] / 1e6:.0f} MB of disk are free",
    "stopping": lambda _: "was asked to stop; the images that are rendering are finished",
    "end": lambda e: f"ends: {e['how']}",
}
