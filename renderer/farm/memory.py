"""Out of memory: told by an error's message, or by the kernel that has killed a process."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

# Cycles ("System is out of GPU memory", "Out of memory in CUDA queue"), CUDA, HIP, numpy, Python.
_LACKING = re.compile(
    r"out of (gpu |host |device |shared host |system )?memory|memoryerror|out_of_memory"
    r"|unable to allocate|cannot allocate memory|bad_alloc",
    re.IGNORECASE,
)
_COUNTERS = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))


def out_of_memory(cause: str) -> bool:
    """Tell whether an error's text speaks of memory that host or device lacks."""
    return _LACKING.search(cause) is not None


def oom_kills() -> int:
    """Return how many processes this machine or container has killed for want of memory."""
    total = 0
    for path in _COUNTERS:
        with contextlib.suppress(OSError):
            found = re.search(r"^oom_kill (\d+)$", path.read_text(), re.MULTILINE)
            total += int(found.group(1)) if found else 0
    return total
