"""Where a dataset is kept: a folder or an object store, and files that are there whole or not.

An object store's path is a ``upath.UPath``, which answers to the names of ``pathlib.Path`` that are
used here (open, glob, exists, read_bytes), so that readers need not know which of them they have.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

# A draft of another machine is swept up when nobody has written to it for this long.
_STALE_S = 86400.0
# Of a throttled or ailing store: botocore waits longer each time, by its own rules ("adaptive"
# would slow down every other request as well).
_S3_PATIENCE = {"retries": {"max_attempts": 10, "mode": "standard"}, "connect_timeout": 10}
_S3_FIRST_TRY = {"retries": {"max_attempts": 3, "mode": "standard"}, "connect_timeout": 5}


class DiskError(OSError):
    """A file of the dataset could not be written: the run's trouble, not a shot's."""

    @property
    def full(self) -> bool:
        """Whether there is no room left, which may change by itself."""
        return self.errno in (errno.ENOSPC, errno.EDQUOT)


def is_local(path: Path) -> bool:
    """Tell whether a path is on a disk and not in an object store."""
    return isinstance(path, Path)


def open_root(text: str) -> Path:
    """Return the root of a dataset: a folder, or for ``s3://bucket/run`` a path in the store.

    Listings are never cached: other machines write there too.

    Raises:
        ValueError: the libraries for this kind of store are not installed.

    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        return Path(text)
    options: dict[str, Any] = {"use_listings_cache": False}
    if scheme in ("s3", "s3a"):
        options["config_kwargs"] = _S3_PATIENCE
    try:
        from upath import UPath

        root = UPath(text, **options)
        if scheme in ("s3", "s3a"):
            _must_answer(root)
        _ = root.fs
    except ImportError as error:
        raise ValueError(
            f"{text}: writing there needs more libraries ({error.name or error}): "
            "pip install 'orbitset[s3]'"
        ) from None
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None
    return cast(Path, root)


def _must_answer(root: Any) -> None:
    """Ask for the bucket, once and with little patience: a wrong name should not take minutes.

    Raises:
        ValueError: there is no such bucket, no access, or no answer.

    """
    import fsspec

    bucket = root.path.partition("/")[0]
    if not bucket:
        raise ValueError("it names no bucket: give s3://bucket/run")
    first = fsspec.filesystem("s3", skip_instance_cache=True, config_kwargs=_S3_FIRST_TRY)
    try:
        first.call_s3("head_bucket", Bucket=bucket)
    except FileNotFoundError:
        raise ValueError(f"there is no bucket {bucket}: create it, or check the name") from None
    except PermissionError:
        raise ValueError(f"no access to the bucket {bucket}: check AWS_ACCESS_KEY_ID") from None
    except Exception as error:  # botocore's are no OSErrors
        raise ValueError(f"the store does not answer ({error})") from None


def draft_of(path: Path) -> Path:
    """Return the name of this process's draft of a file.

    It starts with a dot and ends with host and process number: drafts of killed processes are never
    taken for data, and two writers never share one.
    """
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, even if the machine loses power.

    Raises:
        DiskError: the disk is full, read-only or gone; the store refuses.

    """
    if is_local(path):
        with drafted(path) as file:
            file.write(content)
        return
    with _store_errors(path):
        store: Any = path
        store.fs.pipe_file(store.path, content)


@contextmanager
def drafted(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that appears under its name, whole, when the block ends well.

    On a disk it is renamed into place; in a store it is written to a temporary file here and then
    put, and a put is visible only when it is complete.

    Raises:
        DiskError: as ``write_atomic``.

    """
    local = is_local(path)
    draft = draft_of(path) if local else Path(tempfile.gettempdir()) / draft_of(path).name
    try:
        if local:
            path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w+b") as file:
            yield file
            file.flush()
            if local:
                os.fsync(file.fileno())
        if local:
            os.replace(draft, path)
        else:
            with _store_errors(path):
                store: Any = path
                store.fs.put_file(str(draft), store.path)
    except DiskError:
        raise
    except OSError as error:
        raise DiskError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
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
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that are gone, and of other machines when they are old."""
    if not is_local(folder):
        return
    for draft in folder.glob(".*.*.*"):
        host, _, number = draft.name.rpartition(".")
        with contextlib.suppress(OSError):
            if host.endswith(f".{socket.gethostname()}") and number.isdigit():
                dead = not Path(f"/proc/{number}").exists()
            else:
                dead = time.time() - draft.stat().st_mtime > _STALE_S
            if dead:
                draft.unlink()
