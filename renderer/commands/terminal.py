"""What every command shares: the console, errors as one sentence, and exit codes.

Exit codes: 0 done, 1 done but something failed or was found wrong, 2 the input cannot be used,
128 + the signal (130, 143) stopped by it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

FAILED, BAD_INPUT = 1, 2

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say_json(value: Any) -> None:
    """Print one JSON document to stdout and nothing else."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def stop(message: str, code: int = BAD_INPUT) -> NoReturn:
    """End the command with a sentence on stderr."""
    err.print(f"[bold red]error:[/] {_plain(message)}")
    raise typer.Exit(code)


def warn(message: str) -> None:
    """Print a warning on stderr."""
    err.print(f"[yellow]warning:[/] {_plain(message)}")


def _plain(message: str) -> str:
    return message.replace("[", r"\[")


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
            err.print(f"[bold red]error:[/] {_plain(str(problem))}")
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
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        stop(f"{where}{error.strerror or error}", FAILED)


def fresh_file(path: Path, force: bool) -> None:
    """Refuse to overwrite a file unless ``force``."""
    if path.exists() and not force:
        stop(f"{path} exists already: give another name, or --force to overwrite it")
