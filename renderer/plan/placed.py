"""The objects of a shot while they are placed: what may stand there, how it lies, where it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache, AssetFacts, Geometry
from renderer.geometry.footprint import Footprint
from renderer.recipe.model import ObjectSpec
from renderer.shot.scene import Instance

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A model an object may be: its facts, its geometry and the path the recipe gives it."""

    file: str
    facts: AssetFacts
    cache: AssetCache

    @property
    def geometry(self) -> Geometry:
        """Triangles and hull in the model frame."""
        return self.cache.geometry(self.facts.key)


@dataclass(frozen=True)
class Placed:
    """An object in the world: its Shot entry, its model, and its hull in world coordinates; whether
    a pose is accepted only where enough of it is seen. One that ``surrounds`` the others (a wall)
    reaches from before a camera to behind it.
    """

    entry: Instance
    candidate: Candidate
    hull: Array
    bound: bool = True
    surrounds: bool = False


@dataclass(frozen=True)
class Posed:
    """An object that has its size and rotation but no place yet; ``hull`` is about the model's
    origin.
    """

    spec: ObjectSpec
    candidate: Candidate
    path: str
    scale: float
    rotation: Array
    hull: Array

    @cached_property
    def footprint(self) -> Footprint:
        """What it covers of the floor, about the model's origin."""
        return Footprint(self.hull)

    @cached_property
    def sphere(self) -> tuple[Array, float]:
        """Middle and radius of the hull's bounding sphere."""
        middle: Array = (self.hull.min(0) + self.hull.max(0)) / 2
        return middle, float(np.linalg.norm(self.hull - middle, axis=1).max())
