"""What formats are given of each image: its record, its annotations and its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from renderer.dataset.layout import Layout
from renderer.dataset.read import read_pairs
from renderer.dataset.records import PICTURE, AnnotationRecord, ImageRecord


@dataclass(frozen=True)
class SampleFile:
    """One file of an image.

    Attributes:
        path: where it lies, on a disk or in an object store.

    """

    path: Path

    @property
    def suffix(self) -> str:
        """What its name ends in: ``.png``."""
        return self.path.suffix

    def read(self) -> bytes:
        """Return its content."""
        return self.path.read_bytes()


@dataclass(frozen=True)
class Sample:
    """One image of a dataset.

    Attributes:
        image: its record.
        annotations: the records of its objects.
        files: by name (``picture``, ``depth``), what lies on disk for it.
        split: the side that it is on; empty where the images are not divided.

    """

    image: ImageRecord
    annotations: tuple[AnnotationRecord, ...]
    files: Mapping[str, SampleFile]
    split: str = ""

    @property
    def picture(self) -> SampleFile:
        """The picture."""
        return self.files[PICTURE]

    @property
    def stem(self) -> str:
        """The picture's name without folder and suffix, by which its other files are known."""
        return PurePosixPath(self.image.file_name).stem


def read_samples(layout: Layout) -> Iterator[Sample]:
    """Yield the images of a dataset in the order of their ids, one at a time.

    Raises:
        DatasetError: the dataset is not finished or damaged, or names a file outside its folder.

    """
    for image, objects in read_pairs(layout):
        files = {name: SampleFile(layout.file(file.path)) for name, file in image.files.items()}
        yield Sample(image, tuple(objects), files)
