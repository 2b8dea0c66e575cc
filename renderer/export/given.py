"""The images that a format is given: each on its side of the split, and counted as it goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from pydantic import BaseModel

from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import read_manifest
from renderer.export.options import Options
from renderer.export.sample import Sample, read_samples
from renderer.export.split import Split

Watch = Callable[[int, int], None]


class Given:
    """A dataset's images, to be read once.

    Attributes:
        images: how many were given, by the name of their side; without a split by an empty one.
        annotations: how many they have, in the same way.
        objects: how many annotations were given, by the id of their category.

    """

    def __init__(self, layout: Layout, choice: BaseModel, watch: Watch | None = None) -> None:
        """Read the images for an export.

        Args:
            layout: the dataset.
            choice: the export's options; a split is among them.
            watch: is told after each image how many of how many are done.

        """
        self._layout, self._watch = layout, watch
        # Another package's options may be of a base of their own.
        asked = choice if isinstance(choice, Options) else Options()
        self._split = Split(layout, asked.split, asked.by) if asked.split else None
        self.images, self.annotations = Counter[str](), Counter[str]()
        self.objects = Counter[int]()

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the sides; none without a split."""
        return self._split.names if self._split else ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """Sentences on the images that were not given."""
        return self._split.left_out() if self._split else ()

    def __iter__(self) -> Iterator[Sample]:
        """Yield the images in the order of their ids.

        Raises:
            DatasetError: the dataset is not finished or damaged.

        """
        total, read = read_manifest(self._layout).images, 0
        for sample in read_samples(self._layout):
            read += 1
            side = self._split.side_of(sample.image) if self._split else ""
            if side is not None:
                self._count(sample, side)
                yield replace(sample, split=side) if side else sample
            if self._watch is not None:
                self._watch(read, total)
        if read != total:
            raise DatasetError(
                f"manifest.json tells of {total} images, and annotations/instances.json of {read}: "
                "orbitset dataset merge makes both anew"
            )

    def _count(self, sample: Sample, side: str) -> None:
        self.images[side] += 1
        self.annotations[side] += len(sample.annotations)
        self.objects.update(record.category_id for record in sample.annotations)
