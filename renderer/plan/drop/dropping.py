"""The objects of one image, dropped as its recipe says."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from renderer.geometry.rotation import any_rotation
from renderer.plan.acceptance import Rejection
from renderer.plan.drop.container import CONTAINERS, Container, container_path
from renderer.plan.drop.scene import Fall
from renderer.plan.drop.simulation import Slab
from renderer.plan.drop.stacks import stacked
from renderer.plan.drop.starts import Ball, Disk, Opening, let_go
from renderer.plan.drop.thing import Thing
from renderer.plan.placed import Candidate, Placed, Posed
from renderer.plan.placement import pose_objects, said_position, to_origin
from renderer.recipe.drop import Bin, Drop, Pile
from renderer.recipe.model import Recipe
from renderer.shot.scene import Instance, to_matrix4
from renderer.values.distribution import Choice
from renderer.values.draw import draw_choice, draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]

_PATH = "arrangement.drop"
# The share of a heap's volume that is its objects' hulls.
_PACKED = 0.55
# Walls around a pile while it falls.
_SIDES = 12
# A bin is no narrower than the largest object in any rotation, and so much more.
_ROOM = 1.1


def drop_objects(
    recipe: Recipe,
    candidates: list[dict[str, Candidate]],
    containers: Mapping[str, Candidate],
    stream: Stream,
) -> list[Placed] | Rejection:
    """Return the objects of one image where they have come to rest, and then their bin, if that is
    to be seen; or why they do not lie as in life.
    """
    drop, path = _chosen(recipe, stream)
    things = [_start(each, stream) for each in pose_objects(recipe, candidates, stream)]
    falling = [each for each in things if not each.fast]
    if not falling:
        return [each.placed(number) for number, each in enumerate(things, 1)]
    friction = draw_number(drop.friction, stream.again(0), f"{path}.friction")
    if drop.pile is not None:
        radius = _pile_radius(drop.pile, falling, path, stream)
        started = _tumbled(things, Disk(radius), 0.0, drop.pile.tumble, stream)
        broadest = max(each.reach_m for each in falling)
        guides = _ring(radius + broadest * _ROOM, _top(started))
        return _rested(drop, started, (), guides, friction)
    if drop.bin is not None:
        return _into_bin(drop, drop.bin, things, containers, path, friction, stream)
    assert drop.stack is not None
    gap = draw_number(recipe.arrangement.gap, stream.again(0), "arrangement.gap")
    return _rested(drop, stacked(things, drop.stack, gap, path, stream), (), (), friction)


def _chosen(recipe: Recipe, stream: Stream) -> tuple[Drop, str]:
    """Return what is done in this image, and the path its keys draw from."""
    drop = recipe.arrangement.drop
    assert drop is not None
    if isinstance(drop, Choice):
        chosen: Drop = draw_choice(drop, stream.again(0), _PATH)
        return chosen, f"{_PATH}.{drop.choice.index(chosen)}"
    return drop, _PATH


def _start(posed: Posed, stream: Stream) -> Thing:
    """Return an object, where the recipe has it stand, or over the origin."""
    fast = posed.spec.position_m is not None
    thing = Thing(posed, np.zeros(3), fast)
    there = to_origin(posed)
    if fast:
        there = there + said_position(posed, stream)
    return Thing(posed, there + posed.scale * posed.rotation @ thing.frame.middle, fast)


def _pile_radius(pile: Pile, falling: Sequence[Thing], path: str, stream: Stream) -> float:
    first = stream.again(0)
    if pile.radius_m is not None:
        return draw_number(pile.radius_m, first, f"{path}.pile.radius_m")
    side_by_side = math.sqrt(sum(each.reach_m**2 for each in falling))
    return side_by_side * draw_number(pile.radius, first, f"{path}.pile.radius")


def _tumbled(
    things: Sequence[Thing], area: Disk | Opening, bottom: float, tumble: bool, stream: Stream
) -> list[Thing]:
    """Return things where they are let go, each above those that fall before it."""
    order = [at for at, each in enumerate(things) if not each.fast]
    order.sort(key=lambda at: stream.unit(f"{things[at].posed.path}.order"))
    tops = [float(each.hull[:, 2].max()) for each in things if each.fast]
    paths = [f"{things[at].posed.path}.drop" for at in order]
    places = let_go(
        [Ball(things[at].reach_m) for at in order],
        area,
        [(stream.unit(path, "u"), stream.unit(path, "v")) for path in paths],
        max([bottom, *tops]),
    )
    started = list(things)
    for at, path, place in zip(order, paths, places, strict=True):
        posed = things[at].posed
        if tumble:
            rotation = any_rotation(stream, path)
            hull = posed.scale * posed.candidate.geometry.hull.astype(np.float64) @ rotation.T
            posed = Posed(posed.spec, posed.candidate, posed.path, posed.scale, rotation, hull)
        started[at] = Thing(posed, place, False)
    return started


def _top(things: Sequence[Thing]) -> float:
    """Return a height that no thing reaches."""
    return 1.1 * max(float(each.middle[2]) + each.reach_m for each in things)


def _rested(
    drop: Drop,
    started: Sequence[Thing],
    slabs: Sequence[Slab],
    guides: Sequence[Slab],
    friction: float,
) -> list[Placed] | Rejection:
    """Let things fall; return them numbered from 1, or why they do not lie as in life."""
    fall = Fall(started, slabs, friction)
    if not fall.settle(drop.steps, guides):
        return Rejection("moving", "the dropped objects do not come to rest")
    things = fall.things()
    flaw = fall.flaw(things)
    if flaw is not None:
        name = things[flaw[0]].posed.spec.category
        reason = "lies in what it lies on" if flaw[1] == "in another" else "hovers"
        return Rejection("not at rest", f"{name} {reason}")
    if drop.stack is not None:
        for before, after in zip(started, things, strict=True):
            if after.middle[2] < before.middle[2] - after.longest_m / 20:
                name = after.posed.spec.category
                return Rejection("fell over", f"{name} falls off its stack")
    return [each.placed(number) for number, each in enumerate(things, 1)]


def _into_bin(
    drop: Drop,
    said: Bin,
    things: Sequence[Thing],
    containers: Mapping[str, Candidate],
    path: str,
    friction: float,
    stream: Stream,
) -> list[Placed] | Rejection:
    """Let things fall into a container that stands about the origin."""
    first = stream.again(0)
    shape = said.shape
    if isinstance(shape, Choice):
        shape = draw_choice(shape, first, f"{path}.bin.shape")
    falling = [each for each in things if not each.fast]
    scale = _bin_scale(said, CONTAINERS[shape], falling, path, first)
    container = CONTAINERS[shape].scaled(scale)
    width, depth, _ = container.inner
    broadest = max(falling, key=lambda each: each.reach_m)
    if 2 * broadest.reach_m > min(width, depth):
        name = broadest.posed.spec.category
        return Rejection("does not fit", f"{name} is larger than the bin")
    slabs = container.slabs()[0 if said.visible else 1 :]
    bottom = container.wall if said.visible else 0.0
    started = _tumbled(things, Opening(width, depth), bottom, said.tumble, stream)
    guides = container.guides(max(_top(started), container.outer[2] * 1.1))
    rested = _rested(drop, started, slabs, guides, friction)
    if isinstance(rested, Rejection):
        return rested
    for each in rested:
        middle = (each.hull.min(0) + each.hull.max(0)) / 2
        if (np.abs(middle[:2]) > np.array(container.outer[:2]) / 2).any():
            return Rejection("beside the bin", f"{each.entry.category} falls beside the bin")
    if said.visible:
        model = containers[container_path(shape)]
        rested.append(_shown(len(rested) + 1, model, scale))
    return rested


def _bin_scale(
    said: Bin, container: Container, falling: Sequence[Thing], path: str, first: Stream
) -> float:
    """Return how large a container is against its model, which is a metre long."""
    if said.size_m is not None:
        return draw_number(said.size_m, first, f"{path}.bin.size_m")
    fill = draw_number(said.fill, first, f"{path}.bin.fill")
    volume = sum(each.pieces.volume * each.longest_m**3 for each in falling) / _PACKED
    width, depth, height = container.inner
    narrowest = 2 * max(each.reach_m for each in falling) * _ROOM / min(width, depth)
    return max(math.cbrt(volume / (fill * width * depth * height)), narrowest)


def _ring(radius: float, top: float) -> list[Slab]:
    """Return walls around a circle on the floor, up to a height."""
    # Corners of neighbours meet: half a side is the tangent of half the angle between two.
    thick, side = radius / 2, (radius * 1.5) * math.tan(math.pi / _SIDES)
    found = []
    for at in range(_SIDES):
        turn = 2 * math.pi * at / _SIDES
        away = np.array([math.cos(turn), math.sin(turn)]) * (radius + thick / 2)
        half = np.array([thick / 2, side, top / 2])
        found.append(Slab(np.array([*away, top / 2]), half, turn))
    return found


def _shown(number: int, model: Candidate, scale: float) -> Placed:
    """Return a container as an object without a label."""
    to_world = np.diag([scale, scale, scale, 1.0])
    entry = Instance(
        instance=number,
        category=None,
        asset=model.facts.key,
        file=model.file,
        scale=scale,
        model_to_world=to_matrix4(to_world),
    )
    return Placed(entry, model, scale * model.geometry.hull.astype(np.float64))
