"""The objects of one image as bodies: to unit size, let fall, judged, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.plan.drop.colliders import Pieces, pieces_of
from renderer.plan.drop.simulation import Body, Pose, Simulation, Touch
from renderer.plan.drop.surface import UnitFrame, surface_of, unit_frame
from renderer.plan.placement import Placed, Posed, finish

Array = npt.NDArray[np.float64]
Slab = tuple[Array, Array]

# At rest none is deeper in another, and none hovers higher, than this: in metres, and as a share of
# the smallest object's longest side, whichever is less.
DEEPEST_M, HIGHEST_M = 5e-4, 1e-3
DEEPEST, HIGHEST = 5e-3, 1e-2
# What touches from the side holds nothing up.
_HOLDS = 0.1
# So near its surface, a model is its pieces (share of its longest side).
_EXACT = 1e-3
# No point may move by more in half a second, in the same shares.
_STILL = 2e-3


@dataclass(frozen=True)
class Thing:
    """An object that falls or stands fast.

    Attributes:
        posed: it, in the rotation that it starts in.
        middle: (3,) in the world, metres: where the middle of its box starts.
        fast: it stands where it is.

    """

    posed: Posed
    middle: Array
    fast: bool

    @cached_property
    def frame(self) -> UnitFrame:
        """The unit frame of its model."""
        return unit_frame(self.posed.candidate.geometry)

    @property
    def longest_m(self) -> float:
        """Its longest side."""
        return self.posed.scale * self.frame.longest

    @cached_property
    def reach_m(self) -> float:
        """The distance of its farthest corner from the middle of its box."""
        corners = self.frame.to_unit(self.posed.candidate.geometry.hull)
        return self.longest_m * float(np.linalg.norm(corners, axis=1).max())

    @cached_property
    def pieces(self) -> Pieces:
        """What it is to physics."""
        return pieces_of(self.posed.candidate.cache, self.posed.candidate.facts.key)

    def body(self, unit_m: float) -> Body:
        """Return it as a body where that many metres are one unit."""
        size = self.longest_m / unit_m
        pose = Pose(self.posed.rotation, self.middle / unit_m)
        if self.fast:
            geometry = self.posed.candidate.geometry
            mesh = size * self.frame.to_unit(geometry.vertices), geometry.triangles
            return Body((), pose, mesh, self.reach_m / unit_m)
        parts = [np.float32(size) * part for part in self.pieces.parts]
        return Body(parts, pose, None, self.reach_m / unit_m)

    def at(self, pose: Pose, unit_m: float) -> Thing:
        """Return it where a simulation has left it."""
        hull = self.posed.scale * self.posed.candidate.geometry.hull.astype(np.float64)
        turned = replace(self.posed, rotation=pose.rotation, hull=hull @ pose.rotation.T)
        return replace(self, posed=turned, middle=pose.place * unit_m)

    @property
    def offset(self) -> Array:
        """Where (3,) the model's origin is in the world."""
        found: Array = self.middle - self.posed.scale * self.posed.rotation @ self.frame.middle
        return found

    @property
    def hull(self) -> Array:
        """The corners (n, 3) of its hull in the world."""
        found: Array = self.posed.hull + self.offset
        return found

    def placed(self, number: int) -> Placed:
        """Return it as a numbered object of a shot."""
        return finish(number, self.posed, self.offset)


class Fall:
    """Things above a floor, and what stands around."""

    def __init__(self, things: Sequence[Thing], slabs: Sequence[Slab], friction: float) -> None:
        """Set it up; lengths are metres."""
        self._things = things
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
        return [(middle / self._unit, half / self._unit) for middle, half in slabs]

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
        """Return which thing does not lie as in life, and why (``in another``, ``hovers``)."""
        touches = self._simulation.touches(self._highest / self._unit)
        for touch in touches:
            if -touch.apart * self._unit > self._deepest:
                return touch.first, "in another"
        held = {at for at, each in enumerate(things) if each.fast}
        for touch in touches:
            lifted = touch.first if touch.up > 0 else touch.second
            if lifted is None or lifted in held or abs(touch.up) < _HOLDS:
                continue
            if self.gap(touch, things) <= self._highest:
                held.add(lifted)
        lost = [at for at in range(len(things)) if at not in held]
        return (lost[0], "hovers") if lost else None

    def gap(self, touch: Touch, things: Sequence[Thing]) -> float:
        """Return how far the surfaces of two models are from each other at a touch, in metres: what
        touches in the simulation is their pieces.
        """
        apart = max(touch.apart, 0.0) * self._unit
        for which, point in zip((touch.first, touch.second), touch.at, strict=True):
            if which is None or things[which].fast:
                continue
            apart += _off_surface(things[which], point * self._unit)
        return apart


def _off_surface(thing: Thing, point: Array) -> float:
    """Return how far a point (3,) in the world is from the surface of a thing's model."""
    if thing.pieces.deviation < _EXACT:
        return 0.0
    own = (point - thing.middle) @ thing.posed.rotation / thing.longest_m
    surface = surface_of(thing.posed.candidate.cache, thing.posed.candidate.facts.key)
    return float(surface.distances(own[None])[0]) * thing.longest_m
