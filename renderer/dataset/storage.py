"""Where a dataset is kept: a folder or an object store, and files that are there whole or not.

An object store's path is a ``upath.UPath``, which answers to the names of ``pathlib.Path`` that are
used here (open, glob, exists, read_bytes), so that readers need not know which of them they have.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from renderer.errors import UserError

# A draft of another machine is swept up when nobody has written to it for this long.
_STALE_S = 86400.0
# Parts of a large upload; smaller ones are tried again sooner.
_PART_BYTES = 16 << 20
# The inode of the process numbers of a whole machine (Linux, PROC_PID_INIT_INO).
_INITIAL_NAMESPACE = 0xEFFFFFFC
_DRAFT = ".orbitset-draft"


class DiskError(OSError, UserError):
    """A file of the dataset could not be written: the run's trouble, not a shot's."""

    exit_code = 1

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}" if self.filename else super().__str__()

    @property
    def full(self) -> bool:
        """Whether there is no room left, which may change by itself."""
        return self.errno in (errno.ENOSPC, errno.EDQUOT)


def is_local(path: Path) -> bool:
    """Tell whether a path is on a disk and not in an object store."""
    return isinstance(path, Path)


def open_root(text: str) -> Path:
    """Return the root of a dataset: a folder, or for ``s3://bucket/run`` a path in the store.

    Raises:
        UserError: the libraries for this kind of store are not installed.

    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme == "file":
        return Path(rest if separator else text)
    options: dict[str, Any] = {}
    try:
        from upath import UPath

        if scheme == "s3":
            from renderer.dataset import s3

            options = s3.OPTIONS
            s3.check_bucket(rest.partition("/")[0])
        root = UPath(text, **options)
        _ = root.fs
    except ImportError as error:
        more = " pip install 'orbitset[s3]'" if scheme == "s3" else " fsspec says which"
        raise UserError(
            f"{text}: writing there needs more libraries ({error.name or error}):{more}"
        ) from None
    except ValueError as error:
        raise UserError(f"{text}: {error}") from None
    return cast(Path, root)


def prepare_store(root: Path) -> None:
    """Make this process use a store as ``open_root`` would; a path that was pickled knows nothing
    of that.
    """
    if not is_local(root) and cast(Any, root).protocol == "s3":
        importlib.import_module("renderer.dataset.s3")


def machine_name() -> str:
    """Return this machine's name, by which a process number found in a file can be looked up.

    A container with process numbers of its own is another machine, whatever its host is called.
    """
    host = socket.gethostname()
    try:
        numbers = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return host
    return host if numbers == _INITIAL_NAMESPACE else f"{host}-{numbers}"


def draft_of(path: Path) -> Path:
    """Return the name of this process's draft of a file.

    It tells machine and process number: two writers never share one, and of the drafts of killed
    processes it is known whose they were. Its ending is nobody else's.
    """
    return path.with_name(f".{path.name}.{machine_name()}.{os.getpid()}{_DRAFT}")


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the machine loses power.

    Raises:
        DiskError: the disk is full, read-only or gone; the store refuses.

    """
    if is_local(path):
        with open_atomic(path) as file:
            file.write(content)
        return
    with store_errors(path):
        store: Any = path
        store.fs.pipe_file(store.path, content)


@contextmanager
def open_atomic(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name, whole, when the block ends well.

    On a disk it is renamed into place; in a store it is written to a temporary file here and then
    put, and a put is visible only when it is complete.

    Raises:
        DiskError: as ``write_atomic``.

    """
    local = is_local(path)
    draft = draft_of(path) if local else _draft_here(path)
    try:
        with disk_errors(path):
            if local:
                path.parent.mkdir(parents=True, exist_ok=True)
            # Made anew: one that lies there already could be a link to another file.
            draft.unlink(missing_ok=True)
            file = draft.open("x+b")
        try:
            yield file
            with disk_errors(path):
                file.flush()
                if local:
                    os.fsync(file.fileno())
                file.close()
        except BaseException as error:
            with contextlib.suppress(OSError):
                file.close()  # tries once more to write what did not fit
            # What the block writes fails without a name; what it reads has one of its own.
            if isinstance(error, OSError) and error.filename is None:
                raise DiskError(error.errno, error.strerror or str(error), str(path)) from error
            raise
        if local:
            with disk_errors(path):
                os.replace(draft, path)
        else:
            with store_errors(path):
                store: Any = path
                store.fs.put_file(str(draft), store.path, chunksize=_PART_BYTES)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _draft_here(path: Path) -> Path:
    """Return the draft on this disk of a file in a store: one a path, of which several may be open
    that have one name in different folders.
    """
    which = hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / draft_of(path.with_name(f"{which}-{path.name}")).name


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a disk answers into a DiskError."""
    try:
        yield
    except OSError as error:
        raise DiskError(error.errno, error.strerror or str(error), str(path)) from error


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what a store answers (botocore's errors are often no OSErrors) into a DiskError."""
    try:
        yield
    except OSError as error:
        raise DiskError(
            error.errno or errno.EIO, error.strerror or str(error), str(path)
        ) from error
    except Exception as error:
        raise DiskError(errno.EIO, f"{type(error).__name__}: {error}", str(path)) from error


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a loss of power."""
    if not is_local(folder) or not folder.is_dir():
        return
    with contextlib.suppress(OSError):  # some mounts know no such thing
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_draft(name: str) -> bool:
    """Tell whether a file or folder is a draft, by its name."""
    return name.startswith(".") and name.endswith(_DRAFT)


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that are gone, and of other machines when they are old."""
    if not is_local(folder):
        return
    for draft in folder.glob(f".*{_DRAFT}"):
        host, _, number = draft.name.removesuffix(_DRAFT).rpartition(".")
        with contextlib.suppress(OSError):
            if host.endswith(f".{machine_name()}"):
                dead = not Path(f"/proc/{number}").exists()
            else:
                dead = time.time() - _written(draft) > _STALE_S
            if dead:
                remove(draft)


def _written(draft: Path) -> float:
    """Return when a file, or a file of a folder, was last made or written."""
    inside = [*draft.iterdir()] if draft.is_dir() and not draft.is_symlink() else []
    return max(path.lstat().st_mtime for path in (draft, *inside))


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder of a disk, where it is there.

    Raises:
        OSError: it cannot be removed.

    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
