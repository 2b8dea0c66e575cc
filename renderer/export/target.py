"""Where an export goes, a folder or a prefix in an object store: each file is written once."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from renderer.dataset.layout import DatasetError, is_path_below
from renderer.dataset.storage import DiskError, disk_errors, is_local, open_atomic, store_errors
from renderer.export.sample import SampleFile

SUMMARY = "export.json"
# A store is given small files many at a time.
_BATCH_FILES, _BATCH_BYTES = 500, 64 << 20


class Writable(Protocol):
    """A file that is written from its beginning to its end."""

    def write(self, content: bytes, /) -> int:
        """Append to it."""


class Target(ABC):
    """The files of one export, by names below its folder: ``labels/00000012.txt``.

    Attributes:
        entries: what lies at the top of the folder.

    """

    def __init__(self) -> None:
        self.entries: set[str] = set()

    @abstractmethod
    def open(self, name: str) -> AbstractContextManager[Writable]:
        """Open a new file.

        Raises:
            DatasetError: there is one of that name already, or the name leads elsewhere.
            DiskError: there is no room for it.

        """

    def write(self, name: str, content: bytes) -> None:
        """Write a new file; raises as ``open`` does."""
        with self.open(name) as file:
            file.write(content)

    def take(self, name: str, file: SampleFile) -> None:
        """Write a file of the dataset under another name, as a link if that is possible; raises as
        ``open`` does.
        """
        self.write(name, file.read())

    def finish(self) -> None:  # noqa: B027  # most have nothing to do
        """Write what is still to be written."""

    def _register(self, name: str) -> None:
        if not is_path_below(name) or name == SUMMARY:
            raise DatasetError(f"an export cannot have a file of the name {name[:200]!r}")
        self.entries.add(name.partition("/")[0])


def duplicate_error(name: str) -> DatasetError:
    """Return what to raise where two images would have one file."""
    return DatasetError(
        f"two images of the dataset have the same name, and the export would have two files {name}"
    )


class FolderTarget(Target):
    """A folder on a disk, empty at first."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self._made: set[str] = set()

    @contextmanager
    def open(self, name: str) -> Iterator[Writable]:
        """Open a new file."""
        path = self._place(name)
        try:
            with path.open("xb") as file:
                yield file
        except FileExistsError:
            raise duplicate_error(name) from None
        except OSError as error:
            # What is read inside the block has a name of its own.
            if error.filename not in (None, str(path)):
                raise
            raise DiskError(error.errno, error.strerror or str(error), str(path)) from error

    def take(self, name: str, file: SampleFile) -> None:
        """Link a file, or copy it where it lies on another disk."""
        path = self._place(name)
        if is_local(file.path) and not file.path.is_symlink():
            try:
                os.link(file.path, path)
                return
            except FileExistsError:
                raise duplicate_error(name) from None
            except FileNotFoundError:
                raise
            except OSError:
                pass  # another disk, or one without links
        with file.path.open("rb") as source, self.open(name) as copy:
            shutil.copyfileobj(source, copy, 1 << 20)

    def _place(self, name: str) -> Path:
        self._register(name)
        path, folder = self._root / name, name.rpartition("/")[0]
        if folder not in self._made:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(folder)
        return path


class StoreTarget(Target):
    """A prefix in an object store. Small files wait on this disk, to be put many at a time."""

    def __init__(self, root: Path, scratch: Path) -> None:
        """Write below ``root``; ``scratch`` is an empty folder of this disk."""
        super().__init__()
        self._root: Any = root
        self._scratch = scratch
        self._names: set[int] = set()  # some 70 bytes a file
        self._waiting: list[tuple[Path, str]] = []
        self._bytes = 0

    @contextmanager
    def open(self, name: str) -> Iterator[Writable]:
        """Open a new file of any size."""
        self._register(name)
        with open_atomic(self._root / name) as file:
            yield file

    def write(self, name: str, content: bytes) -> None:
        """Write a new small file."""
        self._register(name)
        path = self._scratch / str(len(self._waiting))
        with disk_errors(path):
            path.write_bytes(content)
        self._waiting.append((path, (self._root / name).path))
        self._bytes += len(content)
        if len(self._waiting) >= _BATCH_FILES or self._bytes >= _BATCH_BYTES:
            self.finish()

    def finish(self) -> None:
        """Put the files that wait."""
        if self._waiting:
            with store_errors(self._root):
                here, there = zip(*self._waiting, strict=True)
                self._root.fs.put([str(path) for path in here], list(there))
        self._waiting, self._bytes = [], 0

    def _register(self, name: str) -> None:
        super()._register(name)
        if hash(name) in self._names:
            raise duplicate_error(name)
        self._names.add(hash(name))
