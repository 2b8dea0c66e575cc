"""Where things lie in a dataset's folder, and writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """The paths of a dataset below ``root``."""

    root: Path

    @property
    def images(self) -> Path:
        """Folder of the pictures."""
        return self.root / "images"

    @property
    def instances(self) -> Path:
        """The merged COCO annotations."""
        return self.root / "annotations" / "instances.json"

    @property
    def shots(self) -> Path:
        """Every Shot, one JSON line each."""
        return self.root / "shots.jsonl"

    @property
    def manifest(self) -> Path:
        """What the dataset was made of."""
        return self.root / "manifest.json"

    @property
    def report(self) -> Path:
        """The report page."""
        return self.root / "report.html"

    @property
    def parts(self) -> Path:
        """Finished chunks (working files)."""
        return self.root / "parts"

    @property
    def run(self) -> Path:
        """What run this folder belongs to, written before the first image."""
        return self.parts / "run.json"

    @property
    def logs(self) -> Path:
        """Logs of the run."""
        return self.root / "logs"


class DiskError(OSError):
    """A file of the dataset could not be written: the run's trouble, not a shot's."""


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the machine loses power.

    The draft's name starts with a dot and ends with the process number: drafts of killed processes
    are never taken for data, and two writers never share one.

    Raises:
        DiskError: the disk is full, read-only or gone.

    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError):
            raise DiskError(error.errno, error.strerror, str(path)) from error
        raise


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
