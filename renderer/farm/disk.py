"""Free disk: a run pauses before the disk is full and goes on when there is room again."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from renderer.dataset.layout import Layout
from renderer.dataset.storage import DiskError, is_local, write_atomic

_LOOK_EVERY_S = 1.0
# Kept free unless told: a twentieth of the disk, but no more than this.
_RESERVE = 1 << 30
# What must fit before a pause ends; a quota does not show in what the disk has free.
_PROBE = 256 << 10


def default_reserve(root: Path) -> int:
    """Return the bytes to keep free on a dataset's disk."""
    return min(_RESERVE, disk_space(root)[0] // 20) if is_local(root) else 0


@dataclass
class DiskWatch:
    """Looks at the free space of a dataset's disk, once a second at most.

    Attributes:
        root: the dataset's folder; in an object store there is always room.
        reserve: bytes to keep free.
        paused: whether work is held up.

    """

    root: Path
    reserve: int
    paused: bool = False
    _looked: float = 0.0

    def free(self) -> int:
        """Return the bytes free."""
        return disk_space(self.root)[1]

    def pause(self) -> None:
        """Hold up work: somebody could not write."""
        self.paused, self._looked = True, time.monotonic()

    def look(self) -> bool:
        """Return whether ``paused`` has changed."""
        if not is_local(self.root) or time.monotonic() - self._looked < _LOOK_EVERY_S:
            return False
        self._looked = time.monotonic()
        before = self.paused
        if self.paused:
            # A little more than the reserve, so that it does not pause again at once.
            self.paused = self.free() < self.reserve * 1.1 + _PROBE or not self._fits()
        else:
            self.paused = self.free() < self.reserve
        return self.paused != before

    def _fits(self) -> bool:
        probe = Layout(self.root).file("logs/.probe")
        try:
            write_atomic(probe, b"\0" * _PROBE)
        except DiskError:
            return False
        with contextlib.suppress(OSError):
            probe.unlink()
        return True


def disk_space(root: Path) -> tuple[int, int]:
    """Return (total, free) bytes of the disk a folder is on, or will be."""
    folder = root.absolute()
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free
