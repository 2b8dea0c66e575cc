"""Two sets of images in the same terms: boxes in pixels, pictures by their paths, and a sample of
either that is small enough to hold.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Of a larger set so many images are compared; what they say of it is far finer than any floor.
MOST_IMAGES = 1500
# Of one image; a picture with more has been annotated by a machine.
MOST_BOXES = 500


@dataclass(frozen=True)
class SetImage:
    """One image of a set.

    Attributes:
        key: what tells it from others of its set, and nothing else.
        group: what it is drawn with when sets are resampled: a scene, a video, or itself.
        size: width and height in pixels.
        boxes: (n, 4) left, top, width and height in pixels, within the frame.
        picture: its file; None where there is none.
        whole: whether all objects have a box, so that they may be counted.
        shot: of a generated image the index of its shot, and in ``image_id`` its COCO id.
        image_id: see ``shot``; 0 for a real one.

    """

    key: str
    group: str
    size: tuple[int, int]
    boxes: Floats
    picture: Path | None = None
    whole: bool = True
    shot: int = -1
    image_id: int = 0


@dataclass
class ImageSet:
    """A sample of a set.

    Attributes:
        name: for people.
        images: the sample, in an order that depends on the keys alone.
        total: how many images the set has.
        remarks: what had to be left out or cannot be compared, counted.
        categories: how many objects of each there are in the sample.

    """

    name: str
    images: list[SetImage]
    total: int
    remarks: list[str] = field(default_factory=list)
    categories: Counter[str] = field(default_factory=Counter)

    def only(self, images: list[SetImage]) -> ImageSet:
        """Return the set with other images."""
        return replace(self, images=images)


class Sample:
    """The keys with the smallest digests of a stream: a sample in constant memory that does not
    depend on the order in which they come.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._seed = most, seed
        self._heap: list[tuple[int, str]] = []
        self.total = 0

    def add(self, key: str) -> None:
        """Take in one key."""
        self.total += 1
        entry = (-digest_of(self._seed, key), key)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    @property
    def keys(self) -> set[str]:
        """The keys of the sample."""
        return {key for _, key in self._heap}


def digest_of(seed: int, key: str) -> int:
    """Return 64 bits that depend on a seed and a key."""
    return int.from_bytes(blake2b(f"{seed}|{key}".encode(), digest_size=8).digest(), "little")
