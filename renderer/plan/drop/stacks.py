"""Where the objects of stacks start: each just above the one below, the stacks side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from renderer.geometry.footprint import Footprint
from renderer.geometry.rotation import euler
from renderer.geometry.sliding import blocked_span, first_free
from renderer.plan.drop.thing import Thing
from renderer.recipe.drop import Stack
from renderer.values.draw import draw_number
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]

# Left free between one and the next, as a share of the upper one's size: they fall the rest.
_ABOVE = 2e-3


def stacked(
    things: Sequence[Thing], stack: Stack, gap: float, path: str, stream: Stream
) -> list[Thing]:
    """Return things where they start; those that stand fast stay."""
    order = [at for at, each in enumerate(things) if not each.fast]
    order.sort(key=lambda at: stream.unit(f"{things[at].posed.path}.order"))
    started = list(things)
    there = [Footprint(each.hull) for each in things if each.fast]
    number = 0
    while order:
        own = f"{path}.stack.{number}"
        height = round(draw_number(stack.height, stream.again(0), f"{own}.height"))
        group, order = order[:height], order[height:]
        group.sort(key=lambda at: -_breadth(things[at]))
        tower = _tower([things[at] for at in group], stack, path, stream)
        foot = Footprint(np.concatenate([each.hull for each in tower]))
        shift = _free_place(foot, there, gap, stream.unit(f"{own}.direction"))
        there.append(Footprint(foot.hull + shift))
        for at, each in zip(group, tower, strict=True):
            started[at] = replace(each, middle=each.middle + shift)
        number += 1
    return started


def _breadth(thing: Thing) -> float:
    """Return the area of the box around what a thing covers of the floor."""
    width, depth = np.ptp(thing.hull[:, :2], axis=0)
    return float(width * depth)


def _tower(things: Sequence[Thing], stack: Stack, path: str, stream: Stream) -> list[Thing]:
    """Return things on each other, the first on the floor about the origin."""
    tower: list[Thing] = []
    for each in things:
        hull = each.hull
        if not tower:
            tower.append(each)
            continue
        own, below = each.posed.path, tower[-1]
        turn = euler(draw_number(stack.turn_deg, stream, f"{own}.{path}.turn_deg"), 0.0, 0.0)
        rotation = turn @ each.posed.rotation
        turned = replace(each.posed, rotation=rotation, hull=each.posed.hull @ turn.T)
        each = replace(each, posed=turned)
        half = float(np.ptp(hull[:, :2], axis=0).min()) / 2
        off = half * draw_number(stack.offset, stream, f"{own}.{path}.offset")
        angle = 2 * math.pi * stream.unit(f"{own}.{path}.direction")
        to = below.middle + np.array([off * math.cos(angle), off * math.sin(angle), 0.0])
        lift = below.hull[:, 2].max() - each.hull[:, 2].min() + _ABOVE * each.longest_m
        tower.append(replace(each, middle=np.array([*to[:2], each.middle[2] + lift])))
    return tower


def _free_place(foot: Footprint, there: Sequence[Footprint], gap: float, unit: float) -> Array:
    """Return how far (3,) a stack slides from the middle to be a gap from all that is there."""
    angle = 2 * math.pi * unit
    direction = np.array([math.cos(angle), math.sin(angle)])
    spans = [
        blocked_span(
            foot.outline,
            other.outline,
            np.concatenate([foot.axes, other.axes]),
            direction,
            gap / 2 * (foot.radius + other.radius),
        )
        for other in there
    ]
    return np.array([*(first_free(spans) * direction), 0.0])
