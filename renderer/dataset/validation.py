"""What came of looking at a dataset."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

_MOST_FINDINGS, _LONGEST_FINDING = 1000, 1000


@dataclass
class Validation:
    """The outcome: what was looked at and what is wrong (each finding one sentence).

    Attributes:
        images: number of images.
        annotations: number of annotations.
        failed: number of shots that the manifest records as failed.
        scenes: number of scenes that were ray cast anew.
        unchecked: number of those that should have been, but their models are not in the cache.
        findings: what is wrong.
        dropped: number of findings that were not kept.
        unknown: label kinds that the dataset has, and nothing here knows.
        decoded: label kinds that only the engine can tell, whose files are decoded and no more.
        exports_unchecked: sentences, each of an export that could not be compared.

    """

    images: int = 0
    annotations: int = 0
    failed: int = 0
    scenes: int = 0
    unchecked: int = 0
    findings: list[str] = field(default_factory=list)
    dropped: int = 0
    unknown: tuple[str, ...] = ()
    decoded: tuple[str, ...] = ()
    exports_unchecked: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        """Keep a finding; past a thousand only count them. What it quotes may be of any length."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(textwrap.shorten(finding, _LONGEST_FINDING, placeholder=" ..."))
        else:
            self.dropped += 1

    def notes(self) -> Iterator[str]:
        """Yield what is not wrong, and still to be known (each one sentence)."""
        for name in self.unknown:
            yield f"{name} labels were not checked: install the package that has this label kind"
        for name in self.decoded:
            yield f"{name} files were decoded and no more: only a render tells what is in them"
        if self.failed:
            shots, are = ("shot", "is") if self.failed == 1 else ("shots", "are")
            yield f"{self.failed} {shots} failed and {are} recorded as such"
        if self.unchecked:
            scenes, were = ("scene", "was") if self.unchecked == 1 else ("scenes", "were")
            yield (
                f"{self.unchecked} {scenes} {were} not checked: their models are not in the cache "
                "(ORBITSET_CACHE); run orbitset recipe check there, or the render again"
            )
        yield from self.exports_unchecked
