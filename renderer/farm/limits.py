"""How long a worker may be silent: a multiple of what shots have taken so far, with a floor."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

_TIMES_MEDIAN = 20.0
FLOOR_S = 120.0
# An object store may be away for so long: its client goes on trying (dataset/s3.py).
STORE_FLOOR_S = 1800.0
# Before any shot is done nothing is known of this run; GPU kernels may have to be built first.
_UNKNOWN_S = 3600.0
# Starting Blender and building the kernels of a GPU that has never seen it.
START_S = 900.0
_KEPT = 101


@dataclass
class Limits:
    """The limit of a run, learnt from its shots; ``fixed`` seconds where the user has set it, and
    never below ``floor``.
    """

    fixed: float = 0.0
    floor: float = FLOOR_S
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def learn(self, seconds: float) -> None:
        """Take in what one shot took."""
        self._seconds.append(seconds)

    @property
    def median(self) -> float:
        """The running median in seconds; 0 before the first shot."""
        return statistics.median(self._seconds) if self._seconds else 0.0

    def limit(self, unlike: bool = False) -> float:
        """Return the seconds after which a silent worker hangs; ``unlike``: it renders on another
        kind of device than the shots learnt from.
        """
        if self.fixed:
            return self.fixed
        if unlike or len(self._seconds) < 3:
            return _UNKNOWN_S
        return max(self.floor, _TIMES_MEDIAN * self.median)
