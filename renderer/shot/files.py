"""Files a Shot refers to: by path and by digest, so that a changed file is a changed Shot."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from renderer.asset import content_digest
from renderer.shot.scene import FileRef
from renderer.values.files import matches


def file_ref(folder: Path, path: str) -> FileRef:
    """Return the reference to a file given relative to the recipe's folder."""
    return FileRef(path=path, digest=content_digest(folder / path))


@lru_cache(maxsize=1024)
def listed(folder: Path, pattern: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the files a pattern names, looked up once: files that appear later change nothing."""
    return tuple(matches(folder, pattern, suffixes))
