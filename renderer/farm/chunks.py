"""How many shots a job gets."""

from __future__ import annotations

import math

# A chunk is at most and at least this much work, as soon as it is known how long a shot takes;
# before, so many shots.
_CHUNK_S = 60.0
_LEAST_S = 2.0
_FIRST = 4
_MOST = 256


def chunk_size(pending: int, workers: int, median_s: float) -> int:
    """Return the size of the next chunk; smaller near the end, so that all workers end at once.

    Args:
        pending: shots not submitted yet.
        workers: how many there are, at work or not.
        median_s: seconds a shot takes; 0 where that is not known yet.

    """
    fair = pending / (2 * workers if workers > 1 else 1)
    if median_s:
        size = min(max(fair, _LEAST_S / median_s), _CHUNK_S / median_s, _MOST)
    else:
        size = min(fair, _FIRST)
    return min(pending, max(1, math.ceil(size)))
