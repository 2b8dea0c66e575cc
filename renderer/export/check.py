"""Whether the exports in a dataset are what it gives now: they are written anew and compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from renderer.asset import AssetCache
from renderer.dataset.json_text import loads
from renderer.dataset.layout import Layout, below
from renderer.dataset.manifest import read_manifest
from renderer.dataset.storage import is_draft, is_local
from renderer.dataset.validation import Validation
from renderer.errors import UserError
from renderer.export.models import ModelMissingError
from renderer.export.sample import SampleFile
from renderer.export.target import SUMMARY, Target, Writable
from renderer.export.write import exports_folder, write_to
from renderer.recipe.exports import EXPORT_KEY, export_of
from renderer.recipe.problem import sentences
from renderer.registry import FORMATS

# Findings of one export that are told.
_MOST = 20


def check_exports(layout: Layout, validation: Validation, cache: AssetCache | None = None) -> None:
    """Add what is wrong with the exports in a dataset, if that is itself in order.

    Every export is compared byte by byte with what the dataset gives, whatever its format. One that
    holds models which are not in the cache is not: a note says so.
    """
    if validation.findings:
        return
    asked = [each.get(EXPORT_KEY) for each in read_manifest(layout).recipe.output.exports]
    names = [name for name in FORMATS.names() if exports_folder(layout, name).is_dir()]
    missing = [f"exports/{name} is missing" for name in asked if name not in names]
    for finding in missing:
        validation.add(finding)
    for name in names:
        try:
            for finding in _check(layout, name, cache):
                validation.add(finding)
        except ModelMissingError as error:
            validation.exports_unchecked.append(f"exports/{name} was not compared: {error}")


class _StoredSummary(BaseModel):
    """What ``export.json`` has to say for an export to be written anew."""

    model_config = ConfigDict(strict=True, extra="ignore")

    options: dict[str, Any]
    finished: bool


def _check(layout: Layout, name: str, cache: AssetCache | None) -> list[str]:
    try:
        root = exports_folder(layout, name)
        if not below(root, SUMMARY).exists():
            return [f"exports/{name} is not finished"]
        said = _StoredSummary.model_validate(loads(below(root, SUMMARY).read_bytes()))
        choice = export_of({**said.options, EXPORT_KEY: name})
        if not said.finished:
            return [f"exports/{name} is not finished"]
        target = ComparedTarget(root, f"exports/{name}")
        write_to(target, layout, choice, cache=cache)
        return target.findings(FORMATS.get(name).caches)
    except ValidationError as error:
        told = "; ".join(f"{key}: {sentence}" for key, sentence in sentences(error, []))
        return [f"exports/{name}/{SUMMARY} is damaged ({told})"]
    except ModelMissingError:
        raise
    except UserError as error:
        return [f"exports/{name}: {error}"]


class ComparedTarget(Target):
    """Writes nothing, and compares what it is given with what there is."""

    def __init__(self, root: Path, shown: str) -> None:
        """Compare with the files below ``root``, which findings call ``shown``."""
        super().__init__()
        self._root, self._shown = root, shown
        self._found: list[str] = []
        self._files = 0

    @contextmanager
    def open(self, name: str) -> Iterator[Writable]:
        """Open what compares a file with what is written to it."""
        self._register(name)
        self._files += 1
        try:
            file = below(self._root, name).open("rb")
        except FileNotFoundError:
            self._files -= 1
            self._find(f"{self._shown}/{name} is missing")
            yield _Comparison(None)
            return
        with file:
            comparison = _Comparison(file)
            yield comparison
            if comparison.differs or file.read(1):
                self._find(f"{self._shown}/{name} is not what the dataset says")

    def take(self, name: str, file: SampleFile) -> None:
        """Compare a file; a link to the dataset's own is equal."""
        path = below(self._root, name)
        if is_local(path) and path.is_file() and os.path.samefile(path, file.path):
            self._register(name)
            self._files += 1
            return
        self.write(name, file.read())

    def findings(self, caches: tuple[str, ...]) -> list[str]:
        """Return what is wrong once all is written; ``caches`` may be there, too."""
        free = {SUMMARY, *caches}
        there = sum(
            path.is_file() and not is_draft(path.name)
            for top in self._root.iterdir()
            if top.name not in free and not is_draft(top.name)
            for path in chain((top,), top.rglob("*"))
            if not any(PurePosixPath(str(path)).match(each) for each in caches if "/" in each)
        )
        if there > self._files:
            self._find(f"{self._shown} has {there - self._files} files that no image has")
        return self._found

    def _find(self, finding: str) -> None:
        if len(self._found) < _MOST:
            self._found.append(finding)


class _Comparison:
    def __init__(self, file: IO[bytes] | None) -> None:
        self._file, self.differs = file, False

    def write(self, content: bytes, /) -> int:
        if self._file is not None and not self.differs:
            self.differs = self._file.read(len(content)) != content
        return len(content)
