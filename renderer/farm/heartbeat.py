"""The heartbeat of a scheduler: every few seconds, what it and its machine are doing."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections import Counter

import psutil

from renderer.farm.events import Event, GpuUse, Heartbeat, ShotDone, ShotFailed
from renderer.farm.job import slot_of
from renderer.farm.journal import RunJournal

EVERY_S = 10.0
_QUERY = "--query-gpu=utilization.gpu,memory.used,memory.total"


class HeartbeatWriter:
    """Writes heartbeats: shots done in each slot, CPU, memory and GPU in use."""

    def __init__(self, journal: RunJournal) -> None:
        """Begin to measure."""
        self._journal = journal
        self._since = time.monotonic()
        self._shots: Counter[str] = Counter()
        self._gpus: tuple[GpuUse, ...] = ()
        self._asking = threading.Thread()
        psutil.cpu_percent()  # the first call only begins the measurement

    def handle(self, event: Event) -> None:
        """Count a shot."""
        if isinstance(event, ShotDone | ShotFailed):
            self._shots[slot_of(event.worker)] += 1

    def beat(self) -> None:
        """Write a heartbeat if it is time."""
        now = time.monotonic()
        if now - self._since < EVERY_S:
            return
        rates = {slot: round(n / (now - self._since), 4) for slot, n in sorted(self._shots.items())}
        self._journal.write(
            Heartbeat(
                images_per_s=rates,
                cpu_percent=psutil.cpu_percent(),
                memory_percent=psutil.virtual_memory().percent,
                gpus=self._gpus,
            )
        )
        self._since, self._shots = now, Counter()
        # nvidia-smi can take a second, or hang when a GPU falls off the bus: never wait for it.
        if not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask_gpus, daemon=True)
            self._asking.start()

    def _ask_gpus(self) -> None:
        self._gpus = gpu_use()


def gpu_use() -> tuple[GpuUse, ...]:
    """Return how much of each NVIDIA GPU is in use; empty where none tells."""
    if shutil.which("nvidia-smi") is None:
        return ()
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError):
        asked = ["nvidia-smi", _QUERY, "--format=csv,noheader,nounits"]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=8, check=True).stdout
        rows = [[int(cell) for cell in row.split(",")] for row in answer.splitlines() if row]
        return tuple(
            GpuUse(percent=percent, memory_mib=used, memory_total_mib=total)
            for percent, used, total in rows
        )
    return ()
