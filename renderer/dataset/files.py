"""Which files of a dataset are there: each folder is listed once, whatever the number of images."""

from __future__ import annotations

from collections.abc import Iterable

from renderer.dataset.layout import Layout
from renderer.dataset.records import ImageRecord


def files_of(images: Iterable[ImageRecord]) -> dict[str, str]:
    """Return the digest of every file of some images by its path."""
    return {file.path: file.blake2b for image in images for file in image.files.values()}


def folder_of(path: str) -> str:
    """Return the folder of a file of a dataset, empty for the dataset's own."""
    return path.rpartition("/")[0]


def of_shot(path: str, index: int, other: int) -> str:
    """Return the path that a file of a shot has in another shot: its name begins with the index."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.replace(f"{index:08d}", f"{other:08d}", 1)


class FilesThere:
    """The files of a dataset as they were when their folder was first asked for."""

    def __init__(self, layout: Layout) -> None:
        """Look at nothing yet."""
        self._layout = layout
        self._names: dict[str, frozenset[str]] = {}

    def __contains__(self, path: str) -> bool:
        """Tell whether a file is there, by its path below the dataset's folder.

        Raises:
            DatasetError: its folder is elsewhere.

        """
        folder, _, name = path.rpartition("/")
        if folder not in self._names:
            there = self._layout.file(folder) if folder else self._layout.root
            self._names[folder] = frozenset(each.name for each in there.glob("*"))
        return name in self._names[folder]
