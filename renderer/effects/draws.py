"""The random numbers of one effect in one image: a stream for each of its keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from renderer.shot.scene import Instance
from renderer.values.colour import Colour
from renderer.values.distribution import Choice
from renderer.values.draw import Rgb, draw_choice, draw_colour, draw_number
from renderer.values.number import Number
from renderer.values.stream import Stream

T = TypeVar("T")


@dataclass(frozen=True)
class Draws:
    """Draws from the streams below a path.

    Attributes:
        stream: the image's.
        path: ``effects.<name>``, or a path below it.

    """

    stream: Stream
    path: str

    def at(self, part: str) -> Draws:
        """Return the draws below a path of this one: of one object of several, say."""
        return Draws(self.stream, f"{self.path}.{part}")

    def of_each(self, objects: Iterable[Instance]) -> Iterator[tuple[Instance, Draws]]:
        """Yield each object with draws of its own: by its place among those of its category
        (without one, of its model), so that other objects change nothing of it.
        """
        seen: Counter[str] = Counter()
        for entry in objects:
            kind = entry.category or entry.file
            yield entry, self.at(f"{kind}.{seen[kind]}")
            seen[kind] += 1

    @property
    def once(self) -> Draws:
        """The draws that stay when a rejected pose is drawn again: for numbers, models and sizes,
        so that rejection favours none of them.
        """
        return Draws(self.stream.again(0), self.path)

    def number(self, key: str, value: Number) -> float:
        """Return one number for a key; a constant is returned as it is."""
        return draw_number(value, self.stream, f"{self.path}.{key}")

    def choice(self, key: str, value: Choice[T]) -> T:
        """Return one option for a key, by weight."""
        chosen: T = draw_choice(value, self.stream, f"{self.path}.{key}")
        return chosen

    def colour(self, key: str, value: Colour) -> Rgb:
        """Return one colour for a key, display sRGB in 0..1."""
        return draw_colour(value, self.stream, f"{self.path}.{key}")

    def unit(self, key: str) -> float:
        """Return a uniform number in [0, 1) for a key."""
        return self.stream.unit(f"{self.path}.{key}")
