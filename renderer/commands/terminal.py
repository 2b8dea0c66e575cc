"""What every command shares: the console, errors as one sentence, and exit codes.

Exit codes: 0 done, 1 done but something failed or was found wrong, 2 the input cannot be used,
128 + the signal (130, 143) stopped by it.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

FAILED, BAD_INPUT = 1, 2
# Libraries whose errors are those of a network, and not all OSErrors.
_OUTSIDE = ("botocore", "aiobotocore", "aiohttp", "ray", "grpc")

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


def say_json(value: Any) -> None:
    """Print one JSON document to stdout and nothing else."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def stop(message: str, code: int = BAD_INPUT) -> NoReturn:
    """End the command with a sentence on stderr."""
    complain(message)
    raise typer.Exit(code)


def complain(message: str) -> None:
    """Print an error on stderr and go on."""
    err.print(headed("error:", "bold red", message))


def warn(message: str) -> None:
    """Print a warning on stderr."""
    err.print(headed("warning:", "yellow", message))


def headed(head: str, style: str, message: str) -> Text:
    """Return a line that begins with a word in a style."""
    return Text.assemble((head, style), f" {visible(message)}")


@contextmanager
def sentences() -> Iterator[None]:
    """Turn every expected error inside the block into sentences and an exit code."""
    import ijson
    from pydantic import ValidationError

    from renderer.asset import AssetError
    from renderer.blender.libraries import MissingLibrariesError
    from renderer.dataset.assemble import AssembleError
    from renderer.farm.interrupt import RunStoppedError
    from renderer.farm.run import RunBusyError, RunError
    from renderer.plan import PlanError
    from renderer.recipe import RecipeError

    try:
        yield
    except typer.Exit:  # it is a RuntimeError
        raise
    except RecipeError as error:
        for problem in error.problems:
            complain(str(problem))
        raise typer.Exit(BAD_INPUT) from None
    except RunBusyError as error:
        stop(str(error), FAILED)
    except RunStoppedError as error:
        stop(f"stopped by {error}", 128 + error.signal)
    except (AssetError, RunError, PlanError, MissingLibrariesError, AssembleError) as error:
        stop(str(error))
    except ValidationError as error:
        first = error.errors()[0]
        stop(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
    except (json.JSONDecodeError, ijson.JSONError) as error:
        stop(f"a file of the dataset is damaged (not JSON: {error})", FAILED)
    except RuntimeError as error:
        stop(str(error), FAILED)
    except ValueError as error:  # an option that cannot be followed here
        stop(str(error))
    except BrokenPipeError:  # what it was piped into has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(FAILED) from None
    except NotADirectoryError as error:
        file = next((each for each in Path(error.filename or "").parents if each.is_file()), "it")
        stop(f"{file} is a file, and a folder is needed")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        stop(f"{where}{error.strerror or error}", FAILED)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _OUTSIDE:
            raise
        said = " ".join(str(error).split())
        stop(f"the store or cluster fails: {said or type(error).__name__}", FAILED)


def fresh_file(path: Path, force: bool) -> None:
    """Refuse to overwrite a file unless ``force``."""
    if path.exists() and not force:
        stop(f"{path} exists already: give another name, or --force to overwrite it")


def in_bytes(count: float) -> str:
    """Return a size for people: ``1.5 GB``, ``640 kB``."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
