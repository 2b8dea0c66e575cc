"""What a lamp shines through, drawn for one shot."""

from __future__ import annotations

import math

from renderer.effects.draws import Draws
from renderer.plan.site import Site, combined, cross, moved, reverse
from renderer.recipe.pattern import KindOrChoice, Pattern, PatternKind
from renderer.shot.scene import PatternState, Vector
from renderer.values.distribution import Choice

# The wall around an opening reaches so far, in sides of the opening.
_WALL = 6.0
# Pieces of each kind, from the first to the second.
_PIECES = {"blinds": (8, 18), "window": (2, 3), "leaves": (240, 480)}


def kind_of(kind: KindOrChoice, draws: Draws, key: str) -> PatternKind:
    """Draw the kind of a pattern."""
    if not isinstance(kind, Choice):
        return kind
    chosen: PatternKind = draws.choice(key, kind)
    return chosen


def pieces_of(kind: PatternKind, draws: Draws) -> int:
    """Draw how many slats, panes a side or leaves there are."""
    low, high = _PIECES[kind]
    return low + int(draws.unit("pieces") * (high - low + 1))


def across_the_light(
    pattern: Pattern,
    draws: Draws,
    position: Vector,
    direction: Vector,
    site: Site,
    *,
    parallel: bool,
) -> PatternState | None:
    """Return a pattern that stands square in a lamp's light, half way to the subject; where the
    lamp is a sun, at the lamp's place.

    Args:
        pattern: what the recipe says.
        draws: the lamp's streams of the pattern.
        position: the lamp's, in metres.
        direction: the unit vector along which it shines.
        site: what it shines at.
        parallel: whether its rays are, as a sun's; else what is lit is twice as large as the
            pattern.

    """
    kind = kind_of(pattern.kind, draws, "kind")
    if kind == "none":
        return None
    way = math.dist(position, site.center)
    side = site.radius * draws.number("size", pattern.size) / (1 if parallel else 2)
    right, up = _square_to(direction, 20 * (2 * draws.unit("turn") - 1))
    return PatternState(
        kind=kind,
        center=moved(site.center, reverse(direction), way if parallel else way / 2),
        right=right,
        up=up,
        width=side,
        height=side,
        border=0.0 if kind == "leaves" else _WALL * side,
        pieces=pieces_of(kind, draws),
        open=draws.number("open", pattern.open),
        seed=draws.stream.bits(f"{draws.path}.seed"),
    )


def _square_to(direction: Vector, turn_deg: float) -> tuple[Vector, Vector]:
    """Return unit vectors of a plane across a direction: level, but for a turn, and upward."""
    x, y, _ = direction
    level = math.hypot(x, y)
    right = (1.0, 0.0, 0.0) if level < 1e-6 else (-y / level, x / level, 0.0)
    up = cross(right, direction)
    cosine, sine = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
    return combined(right, cosine, up, sine), combined(up, cosine, right, -sine)
