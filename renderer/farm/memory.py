"""Out of memory: told by an error's message, or by the kernel that has killed a process."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

# Cycles ("System is out of GPU memory", "Out of memory in CUDA queue"), CUDA, HIP, numpy, Python.
_LACKING = re.compile(
    r"out of (gpu |host |device |shared host |system )?memory|memoryerror|out_of_memory"
    r"|unable to allocate|cannot allocate memory|bad_alloc",
    re.IGNORECASE,
)
_FORGET_S = 2.0
_COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))


def out_of_memory(cause: str) -> bool:
    """Tell whether an error's text speaks of memory that host or device lacks."""
    return _LACKING.search(cause) is not None


@dataclass
class OomWatch:
    """Tells whether a process that was killed just now was so for want of memory."""

    _looked: float = 0.0
    _before: int = 0
    _now: int = 0

    def __post_init__(self) -> None:
        """Begin to count."""
        self._before = self._now = oom_kills()

    def look(self) -> None:
        """Refresh the count; kills of long ago, which were others', are forgotten."""
        if time.monotonic() - self._looked > _FORGET_S:
            self._looked = time.monotonic()
            self._before, self._now = self._now, oom_kills()

    def new(self) -> bool:
        """Return whether there was one in the last few seconds."""
        return oom_kills() > self._before


def oom_kills() -> int:
    """Return how many processes this machine or container has killed for want of memory."""
    total = 0
    for path in _COUNTERS:
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)$", path.read_text(), re.MULTILINE)
            total += int(found.group(1)) if found else 0
    return total
