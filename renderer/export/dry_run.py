"""Targets that write nothing: one tells what an export would take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from renderer.export.sample import SampleFile
from renderer.export.target import Target, Writable, duplicate_error


class DryRunTarget(Target):
    """Counts bytes.

    Attributes:
        bytes: of all files, those that would be links too.

    """

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self._names: set[int] = set()

    @contextmanager
    def open(self, name: str) -> Iterator[Writable]:
        """Open what counts what is written to it."""
        self._register(name)
        yield self._Counter(self)

    def take(self, name: str, file: SampleFile) -> None:
        """Count a file of the dataset."""
        self._register(name)
        self.bytes += file.path.stat().st_size

    class _Counter:
        def __init__(self, target: DryRunTarget) -> None:
            self._target = target

        def write(self, content: bytes, /) -> int:
            self._target.bytes += len(content)
            return len(content)

    def _register(self, name: str) -> None:
        super()._register(name)
        if hash(name) in self._names:
            raise duplicate_error(name)
        self._names.add(hash(name))
