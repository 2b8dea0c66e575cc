"""A mask of a frame that is kept only where it has pixels: what a small object costs is small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]
Part = tuple[slice, slice]


@dataclass(frozen=True)
class Crop:
    """A mask of a frame.

    Attributes:
        mask: (h, w) what lies in its box; each side of it has a pixel. (0, 0) for an empty one.
        left: the column that it begins at.
        top: the row that it begins at.
        frame_size: (width, height) of the frame.

    """

    mask: Mask
    left: int
    top: int
    frame_size: tuple[int, int]

    @staticmethod
    def of(mask: Mask, left: int, top: int, frame_size: tuple[int, int]) -> Crop:
        """Return the crop of a mask (h, w) of a part of the frame that begins at left, top."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            return Crop(np.zeros((0, 0), np.bool_), 0, 0, frame_size)
        tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return Crop(tight.copy(), left + int(columns[0]), top + int(rows[0]), frame_size)

    @staticmethod
    def whole(mask: Mask) -> Crop:
        """Return the crop of a mask (h, w) of the whole frame."""
        height, width = mask.shape
        return Crop.of(mask, 0, 0, (width, height))

    @cached_property
    def area(self) -> int:
        """Number of its pixels."""
        return int(np.count_nonzero(self.mask))

    @property
    def box(self) -> Box:
        """(x, y, width, height) of the smallest box of whole pixels around its pixels."""
        height, width = self.mask.shape
        return self.left, self.top, width, height

    @property
    def part(self) -> tuple[slice, slice]:
        """Its rows and columns, to index an array (height, width, ...) of the frame with."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def full(self) -> Mask:
        """Return the mask (height, width) of the whole frame."""
        width, height = self.frame_size
        mask = np.zeros((height, width), np.bool_)
        mask[self.part] = self.mask
        return mask

    def within(self, other: Crop) -> Mask:
        """Return (h, w) its pixels in the box of another."""
        found = np.zeros(other.mask.shape, np.bool_)
        x, y = other.left - self.left, other.top - self.top
        height, width = other.mask.shape
        mine = self.mask[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
        top, left = max(-y, 0), max(-x, 0)
        found[top : top + mine.shape[0], left : left + mine.shape[1]] = mine
        return found

    def lacks(self, other: Crop) -> Crop:
        """Return the pixels of another that are not its own."""
        return Crop.of(other.mask & ~self.within(other), other.left, other.top, other.frame_size)

    def __or__(self, other: Crop) -> Crop:
        """Return the pixels of both."""
        if not self.area or not other.area:
            return self if self.area else other
        left, top = min(self.left, other.left), min(self.top, other.top)
        right = max(self.left + self.mask.shape[1], other.left + other.mask.shape[1])
        bottom = max(self.top + self.mask.shape[0], other.top + other.mask.shape[0])
        mask = np.zeros((bottom - top, right - left), np.bool_)
        for each in (self, other):
            y, x = each.top - top, each.left - left
            mask[y : y + each.mask.shape[0], x : x + each.mask.shape[1]] |= each.mask
        return Crop(mask, left, top, self.frame_size)


def places_of(index: npt.NDArray[np.int32]) -> dict[int, Part]:
    """Return for each number in an index (h, w) the smallest part of it that has all of them: one
    look at the frame for all objects.
    """
    from scipy import ndimage  # takes as long to import as all of this room

    found = ndimage.find_objects(index)
    return {number: part for number, part in enumerate(found, start=1) if part is not None}
