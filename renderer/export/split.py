"""The sides of a split: what belongs together is on one, and old images keep theirs.

Images come in the order of their ids. What each must not be parted from (its scene; models or
backgrounds; its record's ``group``) has a side from the first image on that has it. An image of
which two things are on different sides is on none.
"""

from __future__ import annotations

from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.records import ImageRecord
from renderer.export.options import By
from renderer.export.scenes import KeysOf, Names, Scenes
from renderer.export.shares import Shares

# So many scenes more than it has shown a model or background is taken to have: more will come.
_EXPECTED = 3
_TORN = {
    "scene": "images whose group is on another side of the split than their scene",
    "variant": "images whose group is on another side of the split than their other variants",
    "asset": "images that show models of two sides of the split",
    "background": "images that show backgrounds of two sides of the split",
}


class Split:
    """Tells of each image which side it is on.

    Attributes:
        names: the sides.
        torn: how many images are on none.

    """

    def __init__(self, layout: Layout, shares: dict[str, float], by: By) -> None:
        """Divide a dataset; ``by`` says what must not be on two sides."""
        self.names = tuple(shares)
        self.torn = 0
        self._by = by
        self._keys = _keys_of(layout, by)
        self._shares = Shares(shares, 0 if self._keys is None else _EXPECTED)
        self._sides: dict[int, int] = {}  # by the hash of a name: some 100 bytes each
        # Of the shot that images are of now, the sides of its parts; of the part, how many images.
        self._shot, self._near = -1, dict[str, int]()
        self._unit, self._images = (-1, ""), 0
        self._size = 1  # images of the part before

    def side_of(self, image: ImageRecord) -> str | None:
        """Return an image's side, or None where it would join two; to be asked once an image, in
        the order of ids.

        Raises:
            DatasetError: the image is not in its place, or its scene is lost.

        """
        side = self._place(image)
        if side is None:
            self.torn += 1
            return None
        self._shares.images[side] += 1
        return self.names[side]

    def left_out(self) -> tuple[str, ...]:
        """Return a sentence on the images that are on no side, if there are some."""
        return (f"{_TORN[self._by]}: {self.torn}",) if self.torn else ()

    def _place(self, image: ImageRecord) -> int | None:
        near = self._near_of(image)
        names = [] if self._keys is None else self._keys(image)
        if image.group is not None:
            names.append((f"group {image.group}",))
        taken = self._taken(names)
        if near in self._near:
            taken.add(self._near[near])
        side = self._choose(taken, [each for each in names if hash(each[0]) not in self._sides])
        if near is not None and side is not None:
            self._near.setdefault(near, side)
        return side

    def _choose(self, taken: set[int], new: list[Names]) -> int | None:
        """Return the side of an image of whose things some are on the sides ``taken``, and some
        are ``new``.
        """
        if len(taken) == 1:
            (side,) = taken
            wanted = side
            if self._keys is not None and new and self._shares.is_over(side):
                wanted = self._shares.open(self._size)  # the image is lost, and the model is not
        else:
            wanted = self._shares.open(self._size) if new or not taken else -1
        for each in new:
            for name in each:
                self._sides[hash(name)] = wanted
        return wanted if taken <= {wanted} else None

    def _taken(self, names: list[Names]) -> set[int]:
        """Return the sides of what has one; that of one name is its others', too."""
        found = set[int]()
        for each in names:
            sides = {self._sides[hash(name)] for name in each if hash(name) in self._sides}
            for name in each if sides else ():
                self._sides.setdefault(hash(name), min(sides))
            found |= sides
        return found

    def _near_of(self, image: ImageRecord) -> str | None:
        """Return the name, within its shot, of what an image belongs to: its images follow each
        other, and need not be remembered behind them.
        """
        if image.shot < self._shot:
            raise DatasetError(
                f"annotations/instances.json is damaged: image {image.id} is of shot {image.shot}, "
                f"and stands behind one of shot {self._shot}"
            )
        if image.shot > self._shot:
            self._shot, self._near = image.shot, {}
        if self._by == "background":  # variants of one scene may have several
            return None
        near = image.view if self._by == "variant" else ""
        if self._unit != (image.shot, near):
            self._unit, self._size, self._images = (image.shot, near), max(self._images, 1), 0
        self._images += 1
        return near


def _keys_of(layout: Layout, by: By) -> KeysOf | None:
    if by == "asset":
        return Scenes(layout).assets
    return Scenes(layout).backgrounds if by == "background" else None
