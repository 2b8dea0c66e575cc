"""A model on disk as its user has it: the file, how it is read, and the digest of what it is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from renderer.asset.deform import Deform
from renderer.asset.facts import AssetError

# Raised whenever an import would give another result or other facts: old cache entries go unused.
IMPORT_VERSION = 4

# Files that an import depends on: path relative to the model's folder, digest ("" if not there).
Dependencies = tuple[tuple[str, str], ...]
# Stands for a file that an importer looks for everywhere below the model, and has not found.
ANYWHERE_BELOW = "**"
_MOST_NAMES = 10_000


@dataclass(frozen=True)
class AssetSource:
    """A model file and how it is to be read.

    Attributes:
        path: the file.
        unit: overrides the length unit of the file: m, cm, mm, in or ft.
        up_axis: overrides which of the file's axes points up: x, -x, y, -y, z or -z.
        deform: makes another model of it.

    """

    path: Path
    unit: str | None = None
    up_axis: str | None = None
    deform: Deform | None = None

    def digest(self) -> str:
        """Return 32 hex digits over the file itself and how it is read.

        Raises:
            AssetError: the file cannot be read.

        """
        try:
            content = content_digest(self.path)
        except OSError as error:
            raise AssetError(f"{self.path} cannot be read: {error.strerror or error}") from None
        how: list[object] = [IMPORT_VERSION, self.path.suffix.lower(), self.unit, self.up_axis]
        if self.deform is not None:
            how.append(astuple(self.deform))
        described = json.dumps([*how, content])
        return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()

    def dependencies(self, paths: Iterable[Path]) -> Dependencies:
        """Return files that an import depends on, relative to its folder, as they are now."""
        folder = self.path.parent.absolute()
        return self.current_digests(sorted({os.path.relpath(path, folder) for path in paths}))

    def current_digests(self, names: Iterable[str]) -> Dependencies:
        """Return the digests that files of such relative names have now; that of ``ANYWHERE_BELOW``
        is of the names of all files below the model's folder.
        """
        folder = self.path.parent
        return tuple(
            (
                name,
                _names_below(folder) if name == ANYWHERE_BELOW else _digest_or_none(folder / name),
            )
            for name in names
        )

    def key(self, dependencies: Dependencies) -> str:
        """Return the content address of an import: 32 hex digits over all bytes that shape it.

        What was looked for in vain does not, nor where a file lies: that differs between machines,
        and a model's digest may not.
        """
        used = sorted(
            (Path(name).name, digest)
            for name, digest in dependencies
            if digest and name != ANYWHERE_BELOW
        )
        described = json.dumps([self.digest(), self.path.name, used])
        return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()


def content_digest(path: Path) -> str:
    """Return 32 hex digits over a file's bytes; one that has not changed is read once.

    Raises:
        OSError: it cannot be read.

    """
    stat = os.stat(path)
    return _content_digest(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=65536)
def _content_digest(path: Path, _size: int, _modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _names_below(folder: Path) -> str:
    names = sorted(
        str(path.relative_to(folder)) for path in islice(folder.rglob("*.*"), _MOST_NAMES)
    )
    return hashlib.blake2b(json.dumps(names).encode(), digest_size=16).hexdigest()


def _digest_or_none(path: Path) -> str:
    try:
        return content_digest(path)
    except (OSError, ValueError):  # not there, or no path at all
        return ""
