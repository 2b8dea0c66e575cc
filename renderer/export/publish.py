"""An export appears whole: until then it is a draft, or says of itself that it is not finished.

``export.json`` at its top says what it is. On a disk all is written to a hidden folder inside the
target, and moved up when it is complete. A store knows no moves: there ``export.json`` says
``"finished": false`` from the first file to the last.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from renderer.dataset.json_text import loads
from renderer.dataset.layout import DatasetError, below, is_path_below
from renderer.dataset.storage import (
    disk_errors,
    draft_of,
    is_draft,
    is_local,
    remove,
    store_errors,
    sweep,
    sync_folder,
    write_atomic,
)
from renderer.errors import UserError
from renderer.export.target import SUMMARY, FolderTarget, StoreTarget, Target
from renderer.recipe.problem import sentences


class TargetError(UserError):
    """An export cannot be written where it was asked for; the message is one sentence."""


def _at_the_top(name: str) -> str:
    if "/" in name or not is_path_below(name):
        raise UserError("it should be the name of a file in the folder")
    return name


class PreviousExport(BaseModel):
    """What ``export.json`` has to say for an export to be replaced by the next."""

    model_config = ConfigDict(strict=True, extra="ignore")

    format: str
    entries: list[Annotated[str, AfterValidator(_at_the_top)]]
    finished: bool


def check_target(root: Path, name: str, caches: tuple[str, ...]) -> None:
    """Make sure that a folder can take an export: it is empty, or holds one of the same format and
    nothing else.

    Args:
        root: the folder.
        name: the format's.
        caches: what readers of the format put beside its files.

    Raises:
        TargetError: it cannot.

    """
    if root.exists() and not root.is_dir():
        raise TargetError(f"{root} is a file, and an export is a folder: choose another name")
    there = {path.name for path in root.iterdir()} if root.is_dir() else set()
    there = {each for each in there if not is_draft(each)}
    if not there:
        return
    former = _previous(root)
    if former.format != name:
        raise TargetError(
            f"{root} holds an export in the format {former.format}: choose another folder for "
            f"{name}"
        )
    strange = sorted(there - {SUMMARY, *former.entries, *caches}) if former.finished else []
    if strange:
        raise TargetError(
            f"{root} holds {strange[0]}, which the export there did not write: move it away, or "
            "choose another folder"
        )


def _previous(root: Path) -> PreviousExport:
    try:
        return PreviousExport.model_validate(loads(below(root, SUMMARY).read_bytes()))
    except FileNotFoundError:
        raise TargetError(
            f"{root} is not empty, and holds no export of orbitset (no {SUMMARY}): choose another "
            "folder, or empty it"
        ) from None
    except DatasetError:
        raise
    except ValidationError as error:
        where, said = sentences(error, [])[0]
        wrong = f"{where}: {said}" if where else said
    except ValueError as error:
        wrong = str(error)
    raise TargetError(
        f"{root / SUMMARY} is damaged ({wrong}): delete {root} if it is an export, or choose "
        "another folder"
    )


@dataclass
class ExportDraft:
    """An export that is being written.

    Attributes:
        target: takes its files.
        facts: what ``export.json`` is to say of it.

    """

    target: Target
    facts: dict[str, Any] = field(default_factory=dict)


@contextmanager
def published(root: Path, name: str, caches: tuple[str, ...]) -> Iterator[ExportDraft]:
    """Give the draft of an export, which takes the place of a former one when the block ends well.

    Raises:
        TargetError: the folder cannot take an export (``check_target``).
        DiskError: there is no room for it.

    """
    with (_in_folder if is_local(root) else _in_store)(root, name, caches) as draft:
        yield draft


@contextmanager
def _in_store(root: Path, name: str, caches: tuple[str, ...]) -> Iterator[ExportDraft]:
    check_target(root, name, caches)
    _mark_unfinished(root, name)
    with store_errors(root):
        for path in root.iterdir():
            if path.name != SUMMARY:
                store: Any = path
                store.fs.rm(store.path, recursive=True)
    with tempfile.TemporaryDirectory(prefix="orbitset-export-") as scratch:
        draft = ExportDraft(StoreTarget(root, Path(scratch)))
        yield draft
        draft.target.finish()
        _mark_finished(root, name, draft)


@contextmanager
def _in_folder(root: Path, name: str, caches: tuple[str, ...]) -> Iterator[ExportDraft]:
    check_target(root, name, caches)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    with _locked(root):
        sweep(root)
        folder = draft_of(root / "export")
        try:
            with disk_errors(folder):
                remove(folder)
                folder.mkdir()
            draft = ExportDraft(FolderTarget(folder))
            yield draft
            check_target(root, name, caches)
            with disk_errors(root):
                _move_up(folder, root, name)
            _mark_finished(root, name, draft)
        finally:
            with contextlib.suppress(OSError):
                remove(folder)
            with contextlib.suppress(OSError):
                root.rmdir()  # where it is empty, as it was before


def _move_up(folder: Path, root: Path, name: str) -> None:
    """Let the entries of a draft take the place of a former export; files last, since they are what
    readers begin with.
    """
    os.sync()
    _mark_unfinished(root, name)
    for path in root.iterdir():
        if path.name != SUMMARY and not is_draft(path.name):
            remove(path)
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_file(), path.name)):
        os.rename(path, root / path.name)
    sync_folder(root)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Wait for another process of this machine that writes the same export."""
    handle = os.open(root, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a shared file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _mark_unfinished(root: Path, name: str) -> None:
    """Say that whatever is there is of an export, and may be replaced by the next."""
    _write_summary(root, {"format": name, "entries": [], "finished": False})


def _mark_finished(root: Path, name: str, draft: ExportDraft) -> None:
    entries = sorted(draft.target.entries)
    _write_summary(root, {"format": name, **draft.facts, "entries": entries, "finished": True})


def _write_summary(root: Path, said: Mapping[str, Any]) -> None:
    text = json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomic(root / SUMMARY, (text + "\n").encode())
