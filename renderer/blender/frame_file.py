"""The file that a frame of EEVEE or Workbench goes through: in memory, where no disk can be full.

Linux has files that are in no folder (``memfd_create``), with a name under ``/proc`` that Blender
can open; they are as large as there is memory. A container's ``/dev/shm`` is often 64 MB or less.
Where there are none, a folder with room for the frame is looked for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from renderer.errors import UnavailableError

# Of an OpenEXR file beside its pixels: the header, and eight bytes or more a row.
_HEAD_BYTES = 1 << 16


@contextmanager
def frame_file(needed: int) -> Iterator[Path]:
    """Give a file for a frame of so many bytes; it is gone afterwards, whatever happens.

    Raises:
        UnavailableError: nowhere is room for it; the message is one sentence.

    """
    descriptor, path = _memory_file() or _folder_file(needed)
    try:
        yield path
    finally:
        os.close(descriptor)
        if path.parent != _DESCRIPTORS:
            path.unlink(missing_ok=True)


_DESCRIPTORS = Path("/proc/self/fd")


def _memory_file() -> tuple[int, Path] | None:
    """Return a file in memory, or None where this system has none."""
    try:
        descriptor = os.memfd_create("orbitset-frame")
    except (AttributeError, OSError):
        return None
    path = _DESCRIPTORS / str(descriptor)
    if path.exists():
        return descriptor, path
    os.close(descriptor)
    return None


def _folder_file(needed: int) -> tuple[int, Path]:
    folder = roomy_folder(needed, (Path("/dev/shm"), Path(tempfile.gettempdir())))
    descriptor, name = tempfile.mkstemp(".exr", "orbitset-", folder)
    return descriptor, Path(name)


def roomy_folder(needed: int, folders: Sequence[Path]) -> Path:
    """Return the first folder that a frame of so many bytes fits into.

    Raises:
        UnavailableError: none has room; the message says how much each lacks.

    """
    found = []
    for folder in folders:
        if not os.access(folder, os.W_OK | os.X_OK):
            found.append(f"{folder} cannot be written")
            continue
        free = shutil.disk_usage(folder).free
        if free >= needed + _HEAD_BYTES:
            return folder
        found.append(f"{folder} has {free / 1e6:.1f} MB free")
    raise UnavailableError(
        f"a frame needs {(needed + _HEAD_BYTES) / 1e6:.1f} MB for a moment, and "
        f"{' and '.join(found)}: make room, or set TMPDIR to a folder that has it"
    )
