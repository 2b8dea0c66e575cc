"""Files a Shot refers to: by path and by digest, so that a changed file is a changed Shot."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from renderer.plan.shot import FileRef
from renderer.recipe.files import matches


def file_ref(folder: Path, path: str) -> FileRef:
    """Return the reference to a file given relative to the recipe's folder."""
    full = folder / path
    stat = os.stat(full)
    return FileRef(path=path, digest=_digest(full, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=65536)
def _digest(path: Path, _size: int, _modified: int) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


@lru_cache(maxsize=1024)
def listed(folder: Path, pattern: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files a pattern names, looked up once: files that appear later change nothing."""
    return tuple(matches(folder, pattern, suffixes))
