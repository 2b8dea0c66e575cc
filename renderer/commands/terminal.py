"""What every command shares: the console, errors as one sentence, and exit codes.

Exit codes: 0 done, 1 done but something failed or was found wrong (or it cannot be done now, and
may later), 2 the input cannot be used, 70 a defect of orbitset, 128 + the signal (130, 143) stopped
by it.

Errors of the user's making (``renderer/errors.py``) and of the machine's become sentences. Whatever
else is raised is a defect: its traceback goes to a log among the temporary files, and one sentence
says where that is and asks for a report.
"""

from __future__ import annotations

import json
import platform
import re
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from renderer import __version__
from renderer.errors import UserError

FAILED, BAD_INPUT, DEFECT = 1, 2, 70  # the last is EX_SOFTWARE of sysexits.h
# Libraries whose errors are those of a network, and not all OSErrors.
_OUTSIDE = ("botocore", "aiobotocore", "aiohttp", "ray", "grpc")
# Sentences of one error that are printed; a file may have a mistake a line.
_MOST = 100

# Those that steer a terminal, or turn the direction of the text that follows.
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """Return a text with its control characters written out: a dataset may come from anywhere."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainConsole(Console):
    """A console that shows control characters and does not obey them."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts made visible, and other things as they are."""
        shown = (visible(each) if isinstance(each, str) else each for each in objects)
        super().print(*shown, **options)


# Without markup: names of files and categories may have brackets and colons in them.
out = PlainConsole(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = PlainConsole(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)


def print_json(value: Any) -> None:
    """Print one JSON document to stdout and nothing else."""
    print(to_json(value, indent=2))


def to_json(value: Any, indent: int | None = None) -> str:
    """Return JSON that stdout can print: it stays JSON where its encoding lacks some letters."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    plain = not encoding.lower().replace("-", "").startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=plain)


def stop(message: str, code: int = BAD_INPUT) -> NoReturn:
    """End the command with a sentence on stderr."""
    print_error(message)
    raise typer.Exit(code)


def print_error(message: str) -> None:
    """Print an error on stderr and go on."""
    err.print(headed("error:", "bold red", message))


def warn(message: str) -> None:
    """Print a warning on stderr."""
    err.print(headed("warning:", "yellow", message))


def headed(head: str, style: str, message: str) -> Text:
    """Return a line that begins with a word in a style."""
    return Text.assemble((head, style), f" {visible(message)}")


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn every expected error inside the block into sentences and an exit code."""
    try:
        yield
    except UserError as error:
        for sentence in shortened(error.sentences()):
            print_error(sentence)
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:  # what it was piped into has seen enough
        raise typer.Exit(FAILED) from None
    except NotADirectoryError as error:
        file = next((each for each in Path(error.filename or "").parents if each.is_file()), "it")
        stop(f"{file} is a file, and a folder is needed")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        stop(f"{where}{error.strerror or error}", FAILED)
    except MemoryError:
        stop("there is not enough memory for this: close other programs, or ask for less", FAILED)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _OUTSIDE:
            raise
        said = " ".join(str(error).split())
        stop(f"the store or cluster fails: {said or type(error).__name__}", FAILED)


def shortened(said: list[str]) -> list[str]:
    """Return some of very many sentences, and how many more there are."""
    more = [f"and {len(said) - _MOST} more problems like these"] if len(said) > _MOST else []
    return said[:_MOST] + more


@contextmanager
def reported_defects() -> Iterator[None]:
    """End the program with a report of whatever is raised inside the block and should not be."""
    try:
        yield
    except UserError as error:  # stdout fails at the end, or while help is printed
        print_error(str(error))
        raise SystemExit(error.exit_code) from None
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200]
        said = f"{type(error).__name__}: {first}" if first else type(error).__name__
        print_error(
            f"this is a defect of orbitset {__version__} ({said}): please report it, with "
            f"{_keep_traceback(error)}"
        )
        raise SystemExit(DEFECT) from None


def _keep_traceback(error: Exception) -> str:
    """Write a traceback and what it takes to understand it to a log; return how to name it."""
    text = "\n".join(
        [
            f"orbitset {__version__}, Python {platform.python_version()}, {platform.platform()}",
            shlex.join(sys.argv),
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    stamp = time.strftime("%Y%m%d-%H%M%S")
    try:
        handle, path = tempfile.mkstemp(prefix=f"orbitset-defect-{stamp}-", suffix=".log")
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:  # no room for it
        return f"this:\n{text}"
    return f"the log {path}"


def refuse_overwrite(path: Path, force: bool) -> None:
    """Refuse to overwrite a file unless ``force``."""
    if path.exists() and not force:
        stop(f"{path} exists already: give another name, or --force to overwrite it")


def in_shots(count: int, views: int) -> str:
    """Return a number of shots for people, who call each an image where it is one."""
    if views == 1:
        return f"{count} image{'s' if count != 1 else ''}"
    return f"{count} shot{'s' if count != 1 else ''} of {views} images"


def in_bytes(count: float) -> str:
    """Return a size for people: ``1.5 GB``, ``640 kB``."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
