"""The process that we are in: its standard streams, its encoding, its home folder.

Whoever starts it may have closed a stream, or chosen a locale that cannot spell what a recipe says,
or be a user without a home.
"""

from __future__ import annotations

import io
import os
import pwd
import stat
import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from renderer.errors import UnavailableError

_STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def open_missing_streams() -> None:
    """Open the null device where a standard stream is closed.

    Else the next file that is opened takes its number, and what Blender prints from C goes into it.
    Children inherit it.
    """
    for number, name, mode in _STREAMS:
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:  # Python found it closed
            stream = open(number, mode, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def discard_descriptor(number: int) -> None:
    """Point a file descriptor at the null device, from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


class _StandardStream(io.TextIOWrapper, ABC):
    """A standard stream that spells out what its encoding lacks, and fails once at most: after that
    it is silent, so that Python has nothing left to complain of when it exits.
    """

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._fail(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._fail(error)

    @abstractmethod
    def _fail(self, error: OSError) -> None:
        """Take note that something was not written; nothing more shall be tried."""


class _Stdout(_StandardStream):
    """stdout: what is lost there was asked for, and is an error."""

    lost: UnavailableError | None = None

    def _fail(self, error: OSError) -> None:
        discard_descriptor(self.fileno())
        if isinstance(error, BrokenPipeError):  # what it was piped into has seen enough
            raise error
        self.lost = UnavailableError(f"stdout cannot be written: {error.strerror or error}")
        raise self.lost from None


class _Stderr(_StandardStream):
    """stderr: nobody listens, and that is no reason to stop."""

    def _fail(self, error: OSError) -> None:  # noqa: ARG002
        discard_descriptor(self.fileno())


def prepare_streams() -> None:
    """Make the standard streams of this process fit for anything that is printed to them."""
    open_missing_streams()
    for name, kind in (("stdout", _Stdout), ("stderr", _Stderr)):
        stream = getattr(sys, name)
        if not isinstance(stream, io.TextIOWrapper) or isinstance(stream, _StandardStream):
            continue
        manner: dict[str, Any] = {
            "encoding": stream.encoding,
            "errors": "backslashreplace",
            "line_buffering": stream.line_buffering,
            "write_through": stream.write_through,
        }
        settled = kind(stream.detach(), **manner)
        setattr(sys, name, settled)
        setattr(sys, f"__{name}__", settled)


def finish_output() -> None:
    """Write out what stdout still holds.

    Raises:
        UnavailableError: something was lost there, now or earlier where nobody minded.

    """
    sys.stdout.flush()
    if lost := getattr(sys.stdout, "lost", None):
        raise lost


def require_utf8() -> None:
    """Start the program anew in Python's UTF-8 mode where the locale has another encoding.

    Blender takes the names of files for UTF-8 in every locale, and so do recipes. What is printed
    stays in the terminal's encoding.
    """
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get("PYTHONUTF8") == "1":
        return
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    os.environ["PYTHONUTF8"] = "1"
    os.environ.setdefault("PYTHONIOENCODING", f"{encoding}:backslashreplace")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def home_folder() -> Path | None:
    """Return the user's home folder; None where there is none that caches can be kept in."""
    named = os.environ.get("HOME")
    if not named:
        try:
            named = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return None
    home = Path(named)
    for folder in (home, home / ".cache", home / ".cache" / "orbitset"):
        if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return home
    return None


def temporary_home() -> Path:
    """Return a folder to use in place of a home: the user's own among the temporary files.

    Raises:
        UnavailableError: somebody else has taken its name.

    """
    folder = Path(tempfile.gettempdir()) / f"orbitset-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise UnavailableError(
            f"this user has no home folder, and {folder} is somebody else's: set HOME and "
            "ORBITSET_CACHE to folders of your own"
        )
    return folder


def ensure_home() -> str:
    """Give this process and its children a home where the user has none; Blender, matplotlib and
    fontconfig each want one. Returns a sentence about it, or nothing.
    """
    home = home_folder()
    folder = home or temporary_home()
    os.environ["HOME"] = str(folder)
    if home or os.environ.get("ORBITSET_CACHE") or os.environ.get("XDG_CACHE_HOME"):
        return ""
    return (
        f"this user has no home folder that can be written: imported models are kept in {folder}, "
        "which may not last; set ORBITSET_CACHE to a folder that does"
    )
