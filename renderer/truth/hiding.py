"""Who hides whom in a view, and in what order objects lie behind each other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from renderer.shot.scene import Instance
from renderer.truth.view import ViewTruth

Counts = dict[int, int]

# The number of the floor among occluders.
FLOOR = 0


def occluders(truth: ViewTruth) -> dict[int, Counts]:
    """Return for each object with a pixel how many pixels of it in the frame each other one hides,
    by instance; the floor's is 0. Objects without a label are among both.
    """
    return {
        entry.instance: _hidden_by(truth, entry)
        for entry in truth.shot.objects
        if truth.shows(entry)
    }


def _hidden_by(truth: ViewTruth, entry: Instance) -> Counts:
    crop = truth.whole(entry).crop
    owners = np.where(crop.mask, truth.index[crop.part], entry.instance)
    counts = np.bincount(owners.ravel())
    counts[entry.instance] = 0
    if counts[FLOOR]:
        rows, columns = np.nonzero(owners == FLOOR)
        below = truth.casting.floor_hides(entry, columns + crop.left, rows + crop.top)
        counts[FLOOR] = np.count_nonzero(below)
    return {int(number): int(counts[number]) for number in np.flatnonzero(counts)}


def order(hidden_by: Mapping[int, Mapping[int, int]]) -> dict[int, int | None]:
    """Return the place of each object from the front: 0 for what nothing hides, else one more than
    the last of those that hide it. Where some hide each other in a ring, they and whatever they
    hide have none.

    Args:
        hidden_by: by instance, who hides it; the floor does not count.

    """
    before = {
        number: {other for other in others if other != FLOOR and other in hidden_by}
        for number, others in hidden_by.items()
    }
    place: dict[int, int | None] = dict.fromkeys(before)
    going, at = [number for number, others in before.items() if not others], 0
    while going:
        place.update(dict.fromkeys(going, at))
        placed = {number for number, known in place.items() if known is not None}
        going = [n for n, others in before.items() if n not in placed and others <= placed]
        at += 1
    return place
