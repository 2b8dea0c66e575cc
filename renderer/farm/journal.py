"""Journals: one JSON line an event; plain files outlive any process and have no lock to be kept.

A worker appends to a wire on its own machine, which its engine follows. The scheduler writes what
it hears, and what it decides, to a journal of its own in ``logs/``, so that several schedulers (the
shards of an array job) never write to one file.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.dataset.json_text import loads
from renderer.dataset.layout import Layout
from renderer.dataset.storage import DiskError, is_local, machine_name, write_atomic
from renderer.farm.job import Event

# Of what an object store's reader sees; a store cannot be appended to.
_UPLOAD_EVERY_S = 15.0
_UPLOAD_SLOWER_BYTES = 4 << 20

_LARGEST = 1e15
_LARGEST_WHOLE = 2**63


@dataclass(frozen=True)
class Kind:
    """What the value of a key has to be."""

    what: str
    fits: Callable[[Any], bool]


Kinds = Mapping[str, "Kind | Kinds"]


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_LARGEST < value < _LARGEST


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < _LARGEST_WHOLE


TEXT = Kind("a text", lambda value: isinstance(value, str))
TEXTS = Kind(
    "a list of texts",
    lambda value: isinstance(value, list) and all(isinstance(each, str) for each in value),
)
OBJECTS = Kind(
    "a list of objects",
    lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value),
)


def fault(value: Any, kinds: Kinds, inside: str = "") -> str | None:
    """Return what is wrong with an object, to follow its name in a sentence: the first key that it
    lacks or that is of another type; None for nothing. ``key?`` need not be there.
    """
    if not isinstance(value, dict):
        return f"has a wrong {inside[:-1]}: it should be an object" if inside else "is no object"
    for name, kind in kinds.items():
        key = name.removesuffix("?")
        if key not in value:
            if name != key:
                continue
            return f"lacks {inside}{key}"
        if isinstance(kind, Kind):
            if not kind.fits(value[key]):
                return f"has a wrong {inside}{key}: it should be {kind.what}"
        elif deeper := fault(value[key], kind, f"{inside}{key}."):
            return deeper
    return None


COUNT = Kind("a whole number from 0", lambda value: _is_whole(value) and value >= 0)
NUMBER = Kind("a number", _is_number)

# What readers count on in an event of a run's journal: it may come from anywhere, as a dataset may.
_FIELDS: Kinds = {
    "event": TEXT,
    "time": Kind("a time", lambda value: NUMBER.fits(value) and 0 <= value < 1e11),
    "worker": TEXT,
    "device": TEXT,
    "shot": COUNT,
    "shots": Kind("indices", lambda value: isinstance(value, list) and all(map(COUNT.fits, value))),
    "seconds": NUMBER,
    "sharing": Kind("from 1", lambda value: COUNT.fits(value) and value >= 1),
    "cause": TEXT,
    "host": TEXT,
    "pid": Kind("a process", lambda value: COUNT.fits(value) and 0 < value < 2**31),
    "shard": Kind("a shard or null", lambda value: value is None or isinstance(value, str)),
    "command": Kind("a command", lambda value: TEXTS.fits(value) and bool(value)),
    "pending": COUNT,
    "images": COUNT,
    "slots": TEXTS,
    "images_per_s": Kind(
        "rates", lambda value: isinstance(value, dict) and all(map(NUMBER.fits, value.values()))
    ),
    "cpu_percent": NUMBER,
    "memory_percent": NUMBER,
    "gpus": Kind(
        "GPUs", lambda value: OBJECTS.fits(value) and all("percent" in each for each in value)
    ),
    "free": NUMBER,
    "how": TEXT,
}
_NEEDED = {
    "begin": "time host pid shard command pending images slots",
    "heartbeat": "images_per_s cpu_percent memory_percent gpus",
    "hello": "pid",
    "broken": "cause",
    "chunk": "shots",
    "start": "shot",
    "done": "time shot device seconds",
    "failed": "time shot device seconds cause",
    "part": "shots",
    "died": "shots cause",
    "hung": "shots cause",
    "quarantined": "shot cause",
    "set aside": "device cause",
    "recycled": "cause",
    "paused": "free",
    "resumed": "free",
    "end": "how",
}


class Journal:
    """Appends events to a file; each is one write, so lines of several threads do not mix."""

    def __init__(self, path: Path) -> None:
        """Open the file for appending; its folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, event: str, **details: Any) -> None:
        """Append one event with the time. A full disk costs the event and nothing else."""
        line = {"time": round(time.time(), 3), "event": event, **details}
        with contextlib.suppress(OSError):
            text = json.dumps(line, ensure_ascii=False) + "\n"
            self._file.write(text.encode(errors="replace"))  # names of files may be no UTF-8

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Follower:
    """Reads what was appended to a journal since the last look."""

    def __init__(self, path: Path) -> None:
        """Follow a file from its present end; it need not exist yet."""
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def news(self) -> list[Event]:
        """Return the whole lines that are new."""
        if not self._path.exists():
            return []
        events = []
        for offset, event in read_journal(self._path, self._offset):
            self._offset = offset
            events.append(event)
        return events


class RunJournal:
    """What one scheduler says of one stint, in ``logs/``; uploaded now and then to a store."""

    def __init__(self, layout: Layout, spool: Path) -> None:
        """Open a journal whose name tells when and where it was begun."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        name = f"run-{stamp}-{machine_name()}-{os.getpid()}.jsonl"
        self._target = layout.file(f"logs/{name}")
        self._here = self._target if is_local(layout.root) else spool / name
        self._journal = Journal(self._here)
        self._uploaded = 0.0

    def write(self, event: str, **details: Any) -> None:
        """Append one event."""
        self._journal.write(event, **details)
        if self._here is self._target:
            return
        # A longer journal takes longer to put; over days that must not be all there is to do.
        pause = upload_pause_s(self._here.stat().st_size)
        if time.monotonic() - self._uploaded > pause:
            self._upload()

    def _upload(self) -> None:
        with contextlib.suppress(DiskError):
            write_atomic(self._target, self._here.read_bytes())
        self._uploaded = time.monotonic()

    def close(self) -> None:
        """Bring the journal to its place."""
        self._journal.close()
        if self._here is not self._target:
            self._upload()


def upload_pause_s(size: int) -> float:
    """Return how many seconds lie between two uploads of a journal of so many bytes."""
    return _UPLOAD_EVERY_S * (1 + size / _UPLOAD_SLOWER_BYTES)


def journals(layout: Layout) -> list[Path]:
    """Return the journals of all stints on a dataset, oldest first."""
    return list(layout.files("logs", "run-*.jsonl"))


def read_journal(path: Path, offset: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield the events of a journal, each with the offset to go on from; torn lines (a full disk,
    a kill) are left out, and one that is being written is left for later.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            event = _parse(line)
            if event is not None:
                yield offset, event


def _parse(line: bytes) -> Event | None:
    try:
        event = loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def read_run_journal(path: Path, offset: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield the events of a run's journal as ``read_journal`` does; those that lack something, or
    hold a value of a wrong kind, are left out, too.
    """
    for after, event in read_journal(path, offset):
        needed = _NEEDED.get(str(event["event"]), "").split()
        kinds = {key: kind for key, kind in _FIELDS.items() if key in event or key in needed}
        if fault(event, kinds) is None:
            yield after, event
