"""Things to unit size, let fall, judged, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from renderer.plan.drop.rest import buried, hovering
from renderer.plan.drop.simulation import Simulation, Slab
from renderer.plan.drop.thing import Thing

# At rest none is deeper in another, and none hovers higher, than this: in metres, and as a share of
# the smallest object's longest side, whichever is less.
DEEPEST_M, HIGHEST_M = 5e-4, 1e-3
DEEPEST, HIGHEST = 5e-3, 1e-2
# No point may move by more in half a second, in the same shares.
_STILL = 2e-3


class Fall:
    """Things above a floor, and what stands around."""

    def __init__(self, things: Sequence[Thing], slabs: Sequence[Slab], friction: float) -> None:
        """Set it up; lengths are metres."""
        self._things, self._slabs = things, slabs
        sizes = np.array([each.longest_m for each in things if not each.fast])
        self._unit = float(np.exp(np.log(sizes).mean()))
        smallest = float(sizes.min())
        self._deepest = min(DEEPEST_M, DEEPEST * smallest)
        self._highest = min(HIGHEST_M, HIGHEST * smallest)
        self._still = _STILL * smallest
        bodies = [each.body(self._unit) for each in things]
        self._simulation = Simulation(
            bodies, self._to_units(slabs), friction, self._deepest / self._unit
        )

    def _to_units(self, slabs: Sequence[Slab]) -> list[Slab]:
        return [slab.scaled(1 / self._unit) for slab in slabs]

    def settle(self, steps: int, guides: Sequence[Slab] = ()) -> bool:
        """Let all fall, first between guides, then without; tell whether they came to rest."""
        still = self._still / self._unit
        if guides:
            self._simulation.add_guides(self._to_units(guides))
            if not self._simulation.settle(steps, still):
                return False
            self._simulation.remove_guides()
        return self._simulation.settle(steps, still)

    def things(self) -> list[Thing]:
        """Return all where they are now."""
        poses = self._simulation.poses()
        return [each.at(pose, self._unit) for each, pose in zip(self._things, poses, strict=True)]

    def flaw(self, things: Sequence[Thing]) -> tuple[int, str] | None:
        """Return which thing does not lie as in life, and how (``in another``, ``in the air``)."""
        touches = [
            replace(each, at=each.at * self._unit, apart=each.apart * self._unit)
            for each in self._simulation.touches(self._highest / self._unit)
        ]
        deep = next((each.first for each in touches if each.apart < -self._deepest), None)
        if deep is None:
            deep = buried(things, self._slabs, self._deepest)
        if deep is not None:
            return deep, "in another"
        high = hovering(things, self._slabs, touches, self._highest)
        return None if high is None else (high, "in the air")
