"""Where things lie in a dataset, and nowhere else: whatever its files say, its paths stay below its
folder.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renderer.dataset.storage import is_local
from renderer.errors import UserError

# More than any file system takes.
_LONGEST_NAME, _LONGEST_PATH = 255, 4096


class DatasetError(UserError):
    """A dataset cannot be read or written; the message is one sentence."""


def is_path_below(name: str) -> bool:
    """Tell whether a text names a file below a folder, by its words alone: relative, normalised,
    with forward slashes, on any system.
    """
    if any(char == "\\" or unicodedata.category(char) in ("Cc", "Cs") for char in name):
        return False
    parts = name.split("/")
    return (
        not any(part in ("", ".", "..") for part in parts)
        and not re.match(r"[A-Za-z]:", name)
        and all(len(part.encode()) <= _LONGEST_NAME for part in parts)
        and len(name) <= _LONGEST_PATH
    )


def below(root: Path, name: str) -> Path:
    """Return the path of a file or folder by its name below a root that is the user's own choice.

    The root may be a symbolic link; below it a link may lead only to what is below it, too.

    Raises:
        DatasetError: it would be elsewhere, or is a pipe or device.

    """
    if not is_path_below(name):
        raise DatasetError(f"{root} names a file that is not below it: {name[:200]!r}")
    path = root / name
    if is_local(root):
        _must_be_inside(root, name)
    return path


def _must_be_inside(root: Path, name: str) -> None:
    """Look at each step of a path; what is not there yet leads nowhere."""
    path, mode = os.fspath(root), 0
    try:
        for part in name.split("/"):
            path = os.path.join(path, part)
            mode = os.lstat(path).st_mode
            if stat.S_ISLNK(mode):
                if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
                    raise DatasetError(
                        f"{path} is a link out of the dataset's folder, which no file of a dataset "
                        "may be: put there what it leads to, or delete it"
                    )
                mode = os.stat(path).st_mode
    except OSError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise DatasetError(f"{path} is neither a file nor a folder: delete it")


def unfinished(layout: Layout) -> DatasetError:
    """Return what to raise where a file that the last step of a run writes is not there."""
    return DatasetError(
        f"{layout.root} is not finished: run the same render command again, or orbitset dataset "
        f"merge {layout.root}"
    )


@dataclass(frozen=True)
class Layout:
    """The paths of a dataset below ``root``; all of them raise a DatasetError where they would lead
    elsewhere (``below``).
    """

    root: Path

    def file(self, name: str) -> Path:
        """Return the path of a file by its name as the dataset gives it: ``images/00000012.png``.

        Raises:
            DatasetError: it would be elsewhere.

        """
        return below(self.root, name)

    def files(self, folder: str, pattern: str) -> Iterator[Path]:
        """Yield the files of a folder by the order of their names; nothing where it is not there.

        Raises:
            DatasetError: one of them is elsewhere.

        """
        there = self.file(folder)
        for path in sorted(there.glob(pattern)) if there.is_dir() else ():
            if is_local(self.root):
                _must_be_inside(self.root, f"{folder}/{path.name}")
            yield path

    @property
    def images(self) -> Path:
        """Folder of the pictures."""
        return self.file("images")

    @property
    def instances(self) -> Path:
        """The merged COCO annotations."""
        return self.file("annotations/instances.json")

    @property
    def shots(self) -> Path:
        """Every Shot, one JSON line each."""
        return self.file("shots.jsonl")

    @property
    def manifest(self) -> Path:
        """What the dataset was made of."""
        return self.file("manifest.json")

    @property
    def report(self) -> Path:
        """The report page."""
        return self.file("report.html")

    @property
    def exports(self) -> Path:
        """Folder of the dataset in other formats, one folder each."""
        return self.file("exports")

    @property
    def parts(self) -> Path:
        """Finished chunks (working files)."""
        return self.file("parts")

    @property
    def run(self) -> Path:
        """What run this folder belongs to, written before the first image."""
        return self.file("parts/run.json")

    @property
    def logs(self) -> Path:
        """Logs of the run."""
        return self.file("logs")

    @property
    def quarantine(self) -> Path:
        """What is known of shots that killed their workers."""
        return self.file("logs/quarantine")
