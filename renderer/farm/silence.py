"""Workers that say nothing: how long that is allowed, and who has been silent for longer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from renderer.farm.job import Engine, Running
from renderer.farm.limits import START_S, Limits

# What a cluster may begin a job anew before it is taken apart: a node's memory does not suffice.
_MOST_TRIES = 5
# Between two looks lies no more than this, unless the scheduler itself was held up.
_AWAY_S = 5.0


@dataclass
class Silence:
    """Finds the jobs whose workers hang."""

    engine: Engine
    limits: Limits
    _looked: float = field(default_factory=time.monotonic)

    def hanging(self, jobs: Iterable[Running]) -> Iterator[Running]:
        """Mark the jobs that hang with the reason, once each, and yield them."""
        now = time.monotonic()
        # While this process was stopped, or waited for a disk, it could hear nobody.
        away, self._looked = max(0.0, now - self._looked - _AWAY_S), now
        for running in jobs:
            running.heard += away
            if running.hung:
                continue
            limit = self._limit(running)
            if running.tries > _MOST_TRIES:
                running.hung = f"lost {_MOST_TRIES} times with its process"
                running.begun = True  # or else it would be taken for one that could not start
            elif now - running.heard > limit and not self.engine.lost(running.device):
                running.hung = f"hung: no word for {limit:.0f} s"
            if running.hung:
                yield running

    def _limit(self, running: Running) -> float:
        if running.begun:
            return self.limits.limit(running.job.on_cpu)
        return START_S if running.tries else self.engine.start_limit_s
