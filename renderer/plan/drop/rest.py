"""Whether things lie as in life, by their own shapes: the engine's word for it is not enough."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renderer.plan.drop.simulation import Slab, Touch
from renderer.plan.drop.surface import surface_of
from renderer.plan.drop.thing import Thing

Array = npt.NDArray[np.float64]

# What touches from the side holds nothing up.
_HOLDS = 0.1
# Of a model that stands fast, so many corners are looked at.
_CORNERS = 4000


def buried(things: Sequence[Thing], slabs: Sequence[Slab], deepest: float) -> int | None:
    """Return a thing that is deeper than that (metres) in the floor, in a slab or in another; None
    for none.

    Corners of one, and points of its edges, are looked for in the convex pieces of the other.
    """
    points = [_points(each) for each in things]
    boxes = np.array([[each.min(0), each.max(0)] for each in points])
    for at, thing in enumerate(things):
        if thing.fast:
            continue
        if boxes[at, 0, 2] < -deepest or any(_in_slab(points[at], s) > deepest for s in slabs):
            return at
        near = (boxes[:, 0] <= boxes[at, 1]).all(1) & (boxes[:, 1] >= boxes[at, 0]).all(1)
        near[at] = False
        for other in np.flatnonzero(near):
            if _depth(points[other], thing) > deepest:
                return at
    return None


def hovering(
    things: Sequence[Thing], slabs: Sequence[Slab], touches: Sequence[Touch], highest: float
) -> int | None:
    """Return a thing whose surface is farther than that (metres) from all that might hold it up;
    None for none.

    Args:
        things: all there are.
        slabs: what stands around.
        touches: where their pieces are near each other, in metres.
        highest: how far.

    """
    held = {at for at, each in enumerate(things) if each.fast}
    for touch in touches:
        lifted = touch.first if touch.up > 0 else touch.second
        if lifted is None or lifted in held or abs(touch.up) < _HOLDS:
            continue
        if _gap(touch, things, slabs) <= highest:
            held.add(lifted)
    return next((at for at in range(len(things)) if at not in held), None)


def _gap(touch: Touch, things: Sequence[Thing], slabs: Sequence[Slab]) -> float:
    """Return how far the surfaces of two models are from each other at a touch, in metres."""
    apart = float(np.linalg.norm(touch.at[1] - touch.at[0]))
    for which, point in zip((touch.first, touch.second), touch.at, strict=True):
        if which is None:
            apart += min([abs(float(point[2])), *(abs(_outside(point, s)) for s in slabs)])
        else:
            apart += _off_surface(things[which], point)
    return apart


def _off_surface(thing: Thing, point: Array) -> float:
    """Return how far a point (3,) in the world is from the surface of a thing's model."""
    own = (point - thing.middle) @ thing.posed.rotation / thing.longest_m
    surface = surface_of(thing.posed.candidate.cache, thing.posed.candidate.facts.key)
    return float(surface.distances(own[None])[0]) * thing.longest_m


def _points(thing: Thing) -> Array:
    """Return points (n, 3) of a thing in the world that might be in another."""
    if thing.fast:
        geometry = thing.posed.candidate.geometry
        every = max(1, len(geometry.vertices) // _CORNERS)
        own = thing.frame.to_unit(geometry.vertices[::every])
    else:
        own = np.concatenate([part.points for part in thing.pieces.parts])
    found: Array = thing.longest_m * own @ thing.posed.rotation.T + thing.middle
    return found


def _depth(points: Array, thing: Thing) -> float:
    """Return how deep the deepest of some points (n, 3) in the world is in a thing; below zero for
    none that is.
    """
    own = (points - thing.middle) @ thing.posed.rotation / thing.longest_m
    deepest = -np.inf
    for part in thing.pieces.parts:
        low, high = part.box
        inside = own[((own >= low) & (own <= high)).all(1)]
        if len(inside):
            outside = inside @ part.planes[:, :3].T + part.planes[:, 3]
            deepest = max(deepest, -float(outside.max(1).min()))
    return float(deepest * thing.longest_m)


def _in_slab(points: Array, slab: Slab) -> float:
    """Return how deep the deepest of some points (n, 3) is in a slab that is not turned."""
    return float((slab.half - np.abs(points - slab.middle)).min(1).max())


def _outside(point: Array, slab: Slab) -> float:
    """Return how far a point (3,) is from a slab's surface; below zero inside."""
    beyond = np.abs(point - slab.middle) - slab.half
    outside = float(np.linalg.norm(np.maximum(beyond, 0.0)))
    return outside if outside > 0 else float(beyond.max())
