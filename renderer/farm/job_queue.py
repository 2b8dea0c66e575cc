"""The shots that wait to be rendered: many to a job, and single ones that are tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from renderer.farm.chunks import chunk_size
from renderer.farm.job import Executor, Job
from renderer.farm.retries import Retry


@dataclass
class JobQueue:
    """Makes jobs of the shots that wait.

    Attributes:
        pending: shots that wait among others, in order.
        chunk: shots a job; 0 for about a minute's work.

    """

    pending: deque[int]
    chunk: int = 0
    _alone: deque[Job] = field(default_factory=deque)
    _number: int = 0

    def __bool__(self) -> bool:
        """Tell whether any shot waits."""
        return bool(self.pending or self._alone)

    def add_alone(self, retry: Retry) -> None:
        """Add a shot that is tried again, by a job of its own."""
        shots = (retry.shot,)
        self._alone.append(
            Job(self._next(), shots, alone=True, avoid=retry.avoid, on_cpu=retry.on_cpu)
        )

    def put_back(self, shots: Iterable[int], job: Job | None = None) -> None:
        """Put shots back that were not rendered, before all others; of a ``job`` that is alone as
        one that is so again.
        """
        shots = list(shots)
        if job is not None and job.alone and shots:
            self._alone.appendleft(job)
        else:
            self.pending.extendleft(reversed(shots))

    def alone(self) -> set[int]:
        """Return the shots that wait to be tried again."""
        return {job.shots[0] for job in self._alone}

    def submit_alone(self, executor: Executor) -> Job | None:
        """Submit one of the shots that are tried again; each waits for a device that suits it."""
        for job in self._alone:
            if executor.submit(job):
                self._alone.remove(job)
                return job
        return None

    def submit_pending(
        self, executor: Executor, workers: int, median_s: float, avoid: frozenset[str]
    ) -> Job | None:
        """Submit the next job of pending shots: consecutive ones, which is what low-discrepancy
        angles and asset caches like best.

        Args:
            executor: what renders it.
            workers: how many there are, at work or not.
            median_s: seconds a shot takes; 0 where that is not known yet.
            avoid: devices it shall not run on, where there are others.

        """
        if not self.pending:
            return None
        count = self.chunk or chunk_size(len(self.pending), workers, median_s)
        shots = tuple(self.pending.popleft() for _ in range(min(count, len(self.pending))))
        job = Job(self._next(), shots, avoid=avoid)
        if executor.submit(job):
            return job
        self.put_back(shots)
        return None

    def _next(self) -> int:
        self._number += 1
        return self._number
