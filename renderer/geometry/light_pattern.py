"""The pieces of a pattern that light falls through: flat convex shapes in one plane."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_LEAVES_A_TWIG = 8
# Leaves lie about their twig as far as so many of their lengths.
_SPRAWL = 2.2
# A leaf: a pointed oval of unit length, wide at a third of it.
_LEAF = np.array(
    [[0.5, 0.0], [0.2, 0.2], [-0.15, 0.26], [-0.5, 0.0], [-0.15, -0.26], [0.2, -0.2]], np.float64
)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def blinds(width: float, height: float, slats: int, share: float) -> list[Array]:
    """Return level slats (4, 2) each over an opening about the origin; ``share`` of it is open."""
    pitch = height / slats
    solid = pitch * (1 - share)
    bottoms = [-height / 2 + at * pitch for at in range(slats)]
    return [_box(-width / 2, low, width / 2, low + solid) for low in bottoms]


def window(width: float, height: float, panes: int, share: float) -> list[Array]:
    """Return the bars (4, 2) each of a window with so many panes a side; ``share`` is open."""
    # What the panes leave is (1 - share) of the area: (1 - bar/pitch)^2 = share.
    part = (1 - math.sqrt(share)) / 2
    bars = []
    for at in range(panes + 1):
        x, half = -width / 2 + at * width / panes, part * width / panes
        bars.append(
            _box(max(x - half, -width / 2), -height / 2, min(x + half, width / 2), height / 2)
        )
        y, half = -height / 2 + at * height / panes, part * height / panes
        bars.append(
            _box(-width / 2, max(y - half, -height / 2), width / 2, min(y + half, height / 2))
        )
    return bars


def leaves(width: float, height: float, count: int, share: float, seed: int) -> list[Array]:
    """Return leaves (6, 2) each, thrown in twigs over a place; ``share`` of it stays open.

    Twigs lie anywhere, and leaves about their twig, so the open share holds on average: pieces that
    cover the area ``a`` each leave exp(-n a / A) of it.
    """
    x, y, near_x, near_y, turn, length = (units(seed, salt, count) for salt in range(6))
    twig = np.arange(count) // _LEAVES_A_TWIG * _LEAVES_A_TWIG
    each = -math.log(share) / (count * _polygon_area(_LEAF))
    usual = math.sqrt(each * width * height)
    # Those at the edge hang over it: that much wider is what they cover.
    wider = _SPRAWL * usual
    usual = math.sqrt(each * (width + wider) * (height + wider))
    reach = _SPRAWL * usual
    places = np.stack(
        [
            (x[twig] - 0.5) * width + (near_x - 0.5) * 2 * reach,
            (y[twig] - 0.5) * height + (near_y - 0.5) * 2 * reach,
        ],
        axis=1,
    )
    sizes = usual * np.sqrt(0.5 + length)
    angles = 2 * np.pi * turn
    cosine, sine = np.cos(angles), np.sin(angles)
    turns = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)
    made = np.einsum("nij,kj->nki", turns, _LEAF) * sizes[:, None, None] + places[:, None]
    return list(made)


def border(width: float, height: float, reach: float) -> list[Array]:
    """Return the four sides (4, 2) each of a wall around an opening, ``reach`` beyond it."""
    x, y = width / 2, height / 2
    return [
        _box(-x - reach, y, x + reach, y + reach),
        _box(-x - reach, -y - reach, x + reach, -y),
        _box(-x - reach, -y, -x, y),
        _box(x, -y, x + reach, y),
    ]


def _box(left: float, low: float, right: float, high: float) -> Array:
    return np.array([[left, low], [right, low], [right, high], [left, high]], np.float64)


def _polygon_area(points: Array) -> float:
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def units(seed: int, salt: int, count: int) -> Array:
    """Return numbers (count,) in [0, 1): splitmix64, the same with every version of numpy.

    ``salt`` is 0 to 5.
    """
    with np.errstate(over="ignore"):
        start = np.uint64(seed) * np.uint64(6) + np.uint64(salt)
        state = (start * np.uint64(0xD1342543DE82EF95)) + _GOLDEN * np.arange(
            1, count + 1, dtype=np.uint64
        )
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return (state >> np.uint64(11)).astype(np.float64) / 2**53
