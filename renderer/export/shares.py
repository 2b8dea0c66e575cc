"""Which side of a split the next group of images goes to, so that all shares are kept all the time.

Groups come one by one, and nothing is known of those to come: what was decided once stays when a
dataset grows. A side with the share p gets its i-th group when more than ``(i - 1) / p`` groups are
there, and before there are more than ``i / p``: so it is never off by a whole group. These are the
windows of Pfair scheduling (Baruah et al. 1996), in which there is a place for every group.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from fractions import Fraction

# So many groups are looked ahead: smaller shares get theirs in the last ones of their window.
_AHEAD = 1000


class Shares:
    """Sides with their shares and what they have.

    Where all groups have one size and are whole, each side has its share of any first n groups to
    less than one. Else it is what comes nearest group by group.

    Attributes:
        images: of each side, how many images it has.

    """

    def __init__(self, shares: Mapping[str, float], expected: int = 0) -> None:
        """Begin with empty sides.

        Args:
            shares: of each side, as they were written; they sum to 1.
            expected: how many times its size a group is taken to get besides, later on.

        """
        exact = [Fraction(repr(share)) for share in shares.values()]
        self._whole = math.lcm(*(each.denominator for each in exact))
        self._parts = [int(each * self._whole) for each in exact]
        self._whole = sum(self._parts)
        self._names, self._expected = tuple(shares), expected
        self._groups = [0] * len(exact)
        self.images = [0] * len(exact)

    def is_over(self, side: int) -> bool:
        """Tell whether a side has more than its share."""
        return self._whole * self.images[side] > self._parts[side] * sum(self.images)

    def open(self, size: int) -> int:
        """Return the side that a new group is to go to, and take note of it.

        Args:
            size: how many images it has, if that is known; else 1.

        """
        more = self._expected * size
        size += more
        held = [
            images + more * groups for images, groups in zip(self.images, self._groups, strict=True)
        ]
        side = min(self._in_time(held, size), key=lambda side: self._wish(side, held, size))
        self._groups[side] += 1
        return side

    def _in_time(self, held: list[int], size: int) -> Iterable[int]:
        """Return the sides that may have the next group without another's being late."""
        total = sum(held)
        open_sides = {
            side
            for side, part in enumerate(self._parts)
            if part * (total + size) > self._whole * held[side]
        }
        found = set[int]()
        for ahead in range(1, _AHEAD + 1):
            due = [
                max(0, (part * (total + ahead * size) - self._whole * has) // (self._whole * size))
                for part, has in zip(self._parts, held, strict=True)
            ]
            found |= {side for side in open_sides if due[side]}
            if sum(due) >= ahead or found == open_sides:
                break
        return found or open_sides

    def _wish(self, side: int, held: list[int], size: int) -> tuple[Fraction, int]:
        """Return a place in the window of a side's next group. Any place is as good: else every
        tenth image were of one side, and plans have periods of their own.
        """
        text = f"{self._names[side]} {self._groups[side]}"
        digits = hashlib.blake2b(text.encode(), digest_size=4).digest()
        drawn = Fraction(int.from_bytes(digits, "big"), 1 << 32)
        return self._whole * (held[side] + drawn * size) / self._parts[side], side
