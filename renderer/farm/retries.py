"""The retry policy: which shots are tried again, and which are recorded as failed or given up.

Nothing else tries a shot again: the pipeline and the executors report what went wrong, once. (Ray
begins a job anew whose node is lost, which says nothing of its shots.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from renderer.farm.attribution import Attribution, Death
from renderer.farm.events import ShotFailed
from renderer.farm.job import Job


@dataclass(frozen=True)
class Retry:
    """A shot that is tried again, by a job of its own.

    Attributes:
        shot: its index.
        avoid: the devices it failed on, to be avoided where there are others.
        on_cpu: whether it is rendered on the CPU, because a GPU's memory does not hold it.

    """

    shot: int
    avoid: frozenset[str] = frozenset()
    on_cpu: bool = False


@dataclass
class RetryPolicy:
    """Decides what becomes of shots that went wrong.

    Attributes:
        cpu_if_lacking: whether what a GPU's memory does not hold may be rendered on the CPU.
        attribution: what has failed so far.

    """

    cpu_if_lacking: bool = False
    attribution: Attribution = field(default_factory=Attribution)

    def after_failure(self, failed: ShotFailed, job: Job) -> Retry | None:
        """Return how a shot that raised an error is tried again; None: it is recorded as failed.

        Rendering may fail for what is wrong with a device or a process, and is tried once more,
        elsewhere if possible. What fails while it is planned or finished would fail again. For want
        of memory anything may fail: it is tried by a fresh process, and then on the CPU if that is
        allowed.
        """
        if failed.impossible or job.on_cpu:
            return None
        if failed.stage != "render" and not failed.memory:
            return None
        first = self.attribution.record_failure(failed.shot, failed.device)
        avoid = self.attribution.failed_on(failed.shot)
        if first:
            return Retry(failed.shot, avoid)
        self.attribution.attribute_to_shot(failed.shot)
        if failed.memory and self.cpu_if_lacking and failed.device != "cpu":
            return Retry(failed.shot, on_cpu=True)
        return None

    def after_death(
        self, shot: int, death: Death, alone: bool
    ) -> Retry | Literal["give up", "put back"]:
        """Return what becomes of a shot that a worker died in, perhaps of it; ``alone``: of no
        other. One that is put back waits among the others again.
        """
        if (alone or death.outside) and self.attribution.record_death(shot, death):
            return "give up"
        if not death.outside or self.attribution.kills(shot) > 1:
            return Retry(shot, self.attribution.failed_on(shot))
        return "put back"  # one kill from outside most likely has nothing to do with the shot
