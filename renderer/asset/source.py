"""A model on disk as its user has it: the file, the files it names, and a digest of them all."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from renderer.asset.facts import AssetError

# Raised whenever an import would give another result or other facts: old cache entries go unused.
IMPORT_VERSION = 2

_COMPANIONS = {
    *(".png", ".jpg", ".jpeg", ".webp", ".tga", ".bmp", ".tif", ".tiff", ".exr", ".hdr", ".dds"),
    *(".mtl", ".bin", ".ktx2", ".usd", ".usda", ".usdc"),
}
_MOST_COMPANIONS = 2000


@dataclass(frozen=True)
class AssetSource:
    """A model file and how it is to be read.

    Attributes:
        path: the file.
        unit: overrides the length unit of the file: m, cm, mm, in or ft.
        up_axis: overrides which of the file's axes points up: x, -x, y, -y, z or -z.

    """

    path: Path
    unit: str | None = None
    up_axis: str | None = None

    def companions(self) -> list[Path]:
        """Return the files near the model that its bytes name, directly or through an MTL."""
        folder = self.path.parent
        near = _files_below(folder)
        named: dict[Path, None] = {}
        unread = [self.path]
        while unread:
            content = unread.pop().read_bytes()
            # Many downloads keep a model in source/ and its images in ../textures/.
            upward = b"../" in content or b"..\\" in content
            for path in near + (_files_below(folder.parent) if upward else []):
                if path in named or path == self.path or not _mentioned(path, folder, content):
                    continue
                named[path] = None
                if path.suffix.lower() in (".mtl", ".usd", ".usda", ".usdc"):
                    unread.append(path)
        return sorted(named)

    def digest(self) -> str:
        """Return the content address of this import: 32 hex digits over all bytes that shape it.

        Raises:
            AssetError: the file cannot be read.

        """
        hasher = hashlib.blake2b(digest_size=16)
        try:
            for path in (self.path, *self.companions()):
                relative = os.path.relpath(path, self.path.parent)
                inner = hashlib.blake2b(path.read_bytes()).digest()
                hasher.update(os.fsencode(relative) + b"\0" + inner)
        except OSError as error:
            raise AssetError(f"{self.path} cannot be read: {error.strerror or error}") from None
        hasher.update(f"{IMPORT_VERSION}|{self.unit}|{self.up_axis}".encode())
        return hasher.hexdigest()


def _mentioned(path: Path, folder: Path, content: bytes) -> bool:
    """Tell whether bytes name a file: by name below the model's folder, by path elsewhere."""
    if path.is_relative_to(folder):
        return any(name in content for name in (os.fsencode(path.name), quote(path.name).encode()))
    relative = Path(os.path.relpath(path, folder)).as_posix()
    spellings = (relative, quote(relative), relative.replace("/", "\\"))
    return any(os.fsencode(spelling) in content for spelling in spellings)


def _files_below(folder: Path) -> list[Path]:
    """Return the companion-like files in a folder and two levels below it, in sorted order."""
    found: list[Path] = []
    for level in ("*", "*/*", "*/*/*"):
        for path in sorted(folder.glob(level)):
            if path.suffix.lower() in _COMPANIONS and path.is_file():
                found.append(path)
                if len(found) >= _MOST_COMPANIONS:
                    return found
    return found
