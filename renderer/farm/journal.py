"""The journal of a run: one JSON line an event, appended by workers, followed by the supervisor.

A plain file outlives any process and has no lock a killed worker could keep.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Journal:
    """Appends events to a file; each is one write, so lines of several processes do not mix."""

    def __init__(self, path: Path) -> None:
        """Open the file for appending; its folder is made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, event: str, **details: Any) -> None:
        """Append one event with the time."""
        line = {"time": round(time.time(), 3), "event": event, **details}
        self._file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())


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
        with self._path.open("rb") as file:
            file.seek(self._offset)
            fresh = file.read()
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [event for line in whole.splitlines() if (event := _parse(line)) is not None]


def _parse(line: bytes) -> Event | None:
    """Return the event of a line, or None where a full disk has torn it."""
    try:
        event: Event = json.loads(line)
    except ValueError:
        return None
    return event
