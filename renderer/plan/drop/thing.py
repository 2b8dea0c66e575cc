"""An object that is dropped: its shape, its size, where it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.plan.drop.colliders import Pieces, pieces_of
from renderer.plan.drop.simulation import Body, Pose
from renderer.plan.drop.surface import UnitFrame, unit_frame
from renderer.plan.placed import Placed, Posed
from renderer.plan.placement import finish

Array = npt.NDArray[np.float64]


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
        parts = [np.float32(size) * part.corners for part in self.pieces.parts]
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
