"""Journals: one JSON line an event; plain files outlive any process and have no lock to be kept.

A worker appends to a file on its own machine, which its executor follows. The scheduler writes the
events that it receives, and its own, to a journal in ``logs/``, so that several schedulers (the
shards of an array job) never write to one file.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from renderer.dataset.layout import Layout
from renderer.dataset.storage import DiskError, is_local, machine_name, write_atomic
from renderer.farm.events import Event, read_event

# Of what an object store's reader sees; a store cannot be appended to.
_UPLOAD_EVERY_S = 15.0
_UPLOAD_SLOWER_BYTES = 4 << 20


class Journal:
    """Appends events to a file; each is one write, so lines of several threads do not mix."""

    def __init__(self, path: Path) -> None:
        """Open the file for appending; its folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, event: Event) -> None:
        """Append one event. A full disk costs the event and nothing else."""
        with contextlib.suppress(OSError):
            self._file.write(event.model_dump_json().encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Follower:
    """Reads what was appended to a journal since the last look."""

    def __init__(self, path: Path) -> None:
        """Follow a file from its present end; it need not exist yet."""
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def new_events(self) -> list[Event]:
        """Return the events of the whole lines that are new."""
        if not self._path.exists():
            return []
        events = []
        for offset, event in read_journal(self._path, self._offset):
            self._offset = offset
            events.append(event)
        return events


class RunJournal:
    """The journal of one scheduler's session, in ``logs/``; uploaded now and then to a store."""

    def __init__(self, layout: Layout, spool: Path) -> None:
        """Open a journal whose name tells when and where it was begun."""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        name = f"run-{stamp}-{machine_name()}-{os.getpid()}.jsonl"
        self._target = layout.file(f"logs/{name}")
        self._here = self._target if is_local(layout.root) else spool / name
        self._journal = Journal(self._here)
        self._uploaded = 0.0

    def write(self, event: Event) -> None:
        """Append one event."""
        self._journal.write(event)
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


@dataclass
class RunJournalReader:
    """Reads the journals of all schedulers of a run, each from where it was left."""

    layout: Layout
    shot: int | None = None
    _offsets: dict[str, int] = field(default_factory=dict)

    def new_events(self, most: int | None = None) -> list[Event]:
        """Return the events since the last call, in order of time, at most the last ``most``; of
        one shot if so chosen.
        """
        events: list[Event] = []
        for path in journals(self.layout):
            own: deque[Event] = deque(maxlen=most)
            for offset, event in read_run_journal(path, self._offsets.get(path.name, 0)):
                self._offsets[path.name] = offset
                if self.shot is None or event.concerns(self.shot):
                    own.append(event)
            events += own
        events.sort(key=lambda event: event.time)
        return events if most is None else events[-most:]


def upload_pause_s(size: int) -> float:
    """Return how many seconds lie between two uploads of a journal of so many bytes."""
    return _UPLOAD_EVERY_S * (1 + size / _UPLOAD_SLOWER_BYTES)


def journals(layout: Layout) -> list[Path]:
    """Return the journals of all sessions on a dataset, oldest first."""
    return list(layout.files("logs", "run-*.jsonl"))


def read_journal(path: Path, offset: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield the events of a journal, each with the offset to go on from. Lines that are none (torn
    by a full disk or a kill, or strange) are left out, and one that is being written is left for
    later.
    """
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            event = read_event(line)
            if event is not None:
                yield offset, event


def read_run_journal(path: Path, offset: int = 0) -> Iterator[tuple[int, Event]]:
    """Yield the events of a run's journal as ``read_journal`` does; those that lack something are
    left out, too.
    """
    for after, event in read_journal(path, offset):
        if event.is_complete():
            yield after, event
