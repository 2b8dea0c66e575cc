"""Blender writes progress from C straight to file descriptors 1 and 2: send them to a file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from renderer.process import open_missing_streams


def redirect_output(path: Path) -> None:
    """Send this process's stdout and stderr to the end of a file, for good (for workers)."""
    open_missing_streams()
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # importers print names in any script
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def discard_output() -> Iterator[None]:
    """Discard what is written to file descriptor 1 inside the block."""
    open_missing_streams()
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def tail(path: Path, lines: int = 25) -> str:
    """Return the last lines of a log (enough for the stack of a crash); empty if there is none."""
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - 65536)
            file.seek(start)
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    whole = text.splitlines()[1 if start else 0 :]
    # A line a sample, and faulthandler's list of every extension module, tell nothing.
    kept = [line for line in whole if line.strip() and not line.startswith(("Fra:", "Extension"))]
    return "\n".join(kept[-lines:])
