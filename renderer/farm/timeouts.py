"""Timeouts: for how long there may be no event of a worker, and of which there was none for longer.

A shot's timeout is a multiple of what shots have taken so far, and never below a floor.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from renderer.farm.job import Executor, Running

_TIMES_MEDIAN = 20.0
FLOOR_S = 120.0
# An object store may be away for so long: its client goes on trying (dataset/s3.py).
STORE_FLOOR_S = 1800.0
# Before any shot is done nothing is known of this run; GPU kernels may have to be built first.
_UNKNOWN_S = 3600.0
# Starting Blender and building the kernels of a GPU that has never seen it.
START_S = 900.0
# Shots that the median is taken of.
_KEPT = 101
# What a cluster may begin a job anew before it is taken apart: a node's memory does not suffice.
_MOST_TRIES = 5
# Between two looks lies no more than this, unless the scheduler itself was held up.
_AWAY_S = 5.0


@dataclass
class ShotTimeout:
    """The timeout of a run's shots, learnt from them; ``fixed`` seconds where the user has set it,
    and never below ``floor``.
    """

    fixed: float = 0.0
    floor: float = FLOOR_S
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def learn(self, seconds: float) -> None:
        """Take into account how long one shot took."""
        self._seconds.append(seconds)

    @property
    def median(self) -> float:
        """The running median in seconds; 0 before the first shot."""
        return statistics.median(self._seconds) if self._seconds else 0.0

    def seconds(self, unlike: bool = False) -> float:
        """Return the seconds without an event after which a worker hangs; ``unlike``: it renders on
        another kind of device than the shots learnt from.
        """
        if self.fixed:
            return self.fixed
        if unlike or len(self._seconds) < 3:
            return _UNKNOWN_S
        return max(self.floor, _TIMES_MEDIAN * self.median)


@dataclass
class HangDetector:
    """Finds the jobs whose workers hang."""

    executor: Executor
    shot_timeout: ShotTimeout
    _looked: float = field(default_factory=time.monotonic)

    def hanging(self, jobs: Iterable[Running]) -> Iterator[Running]:
        """Mark the jobs that hang with the reason, once each, and yield them."""
        now = time.monotonic()
        # While this process was stopped, or waited for a disk, it could receive nothing.
        away, self._looked = max(0.0, now - self._looked - _AWAY_S), now
        for running in jobs:
            running.last_event += away
            if running.hung:
                continue
            timeout = self._timeout(running)
            if running.tries > _MOST_TRIES:
                running.hung = f"lost {_MOST_TRIES} times with its process"
                running.begun = True  # or else it would be taken for one that could not start
            elif now - running.last_event > timeout and not self.executor.lost(running.device):
                running.hung = f"hung: no event for {timeout:.0f} s"
            if running.hung:
                yield running

    def _timeout(self, running: Running) -> float:
        if running.begun:
            return self.shot_timeout.seconds(running.job.on_cpu)
        return START_S if running.tries else self.executor.start_timeout_s
