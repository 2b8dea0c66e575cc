"""What of a machine this process may use: a container's or a job's share, not the whole node."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

import psutil


def usable_memory(root: Path = Path("/")) -> int:
    """Return the bytes of memory there are for this process and its children (cgroup v1 and v2)."""
    limits = [psutil.virtual_memory().total]
    for folder in _groups(root):
        for name in ("memory.max", "memory.limit_in_bytes"):
            with contextlib.suppress(OSError, ValueError):  # "max"
                limits.append(int((folder / name).read_text()))
    return min(limits)


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores' time this process may spend: a quota counts, where there is one."""
    limits = [float(len(os.sched_getaffinity(0)))]
    for folder in _groups(root):
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text().split()
            limits.append(int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota = (folder / "cpu.cfs_quota_us").read_text()
            if int(quota) > 0:
                limits.append(int(quota) / int((folder / "cpu.cfs_period_us").read_text()))
    return max(1, math.ceil(min(limits)))


def _groups(root: Path) -> Iterator[Path]:
    """Yield the folders of this process's control groups and of those they are in."""
    mounted = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            top = mounted / controllers if controllers else mounted
            own = top / path.lstrip("/")
            # In a container the path may be the host's, and not there: the top is its own then.
            yield from [own, *(parent for parent in own.parents if parent.is_relative_to(top))]
