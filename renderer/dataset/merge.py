"""Parts → ``annotations/instances.json`` and ``shots.jsonl``, streaming, in index order."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any

from pydantic_core import to_json

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.files import FilesThere
from renderer.dataset.layout import Layout
from renderer.dataset.parts import DoneLine, FailedLine, PartIndex
from renderer.dataset.records import CategoryRecord
from renderer.dataset.storage import is_local, open_atomic

_MOST_WARNINGS = 1000


@dataclass
class MergeResult:
    """What a merge found: how many shots with images, images and annotations there are, shots that
    failed with their causes, spans of shots that are not there, what images say of themselves, how
    many objects of which category were dropped for showing too little, and how many images are of
    which scenario.
    """

    shots: int = 0
    images: int = 0
    annotations: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    missing: list[range] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)

    def add_missing(self, first: int, beyond: int) -> None:
        """Take note that some shots, ``beyond`` excluded, are not there."""
        if self.missing and self.missing[-1].stop == first:
            first = self.missing.pop().start
        if first < beyond:
            self.missing.append(range(first, beyond))

    def sentences(self) -> list[str]:
        """Return what is to be known of images, each with how many say it, and what was dropped."""
        dropped = [
            f"{count} of category {category} {'has' if count == 1 else 'have'} no annotation: less "
            "is visible than labels.min_visible_px or labels.min_visibility asks for"
            for category, count in sorted(self.dropped.items())
        ]
        return dropped + [
            f"{count} {'image says' if count == 1 else 'images say'}: {text}"
            for text, count in sorted(self.warnings.items())
        ]


def merge(
    layout: Layout,
    name: str,
    version: str,
    categories: Sequence[str],
    shots: int = 0,
    kinds: Collection[str] = (),
    points: Mapping[str, KeypointSet] = MappingProxyType({}),
) -> MergeResult:
    """Join all parts; the result depends on the shots alone, not on how they were chunked.

    Images and annotations stand in the order of shots, and annotation ids count from 1. Records
    stand one on a line, so that two datasets can be compared by their lines. Of ``shots`` that
    there should be, those that are in no part, or of which a file is not there, are named in the
    result as missing. Records have the fields of the label kinds ``kinds``. ``points`` are those of
    the objects of a category, by its name.

    Raises:
        DatasetError: a part is damaged.
        DiskError: there is no room for it.

    """
    result, parts, there = MergeResult(), PartIndex(layout), FilesThere(layout)
    with (
        open_atomic(layout.instances) as instances,
        open_atomic(layout.shots) as scenes,
        tempfile.TemporaryFile("w+b", dir=_same_disk(layout)) as records,
    ):
        instances.write(_opening(name, version, categories, points))
        expected = 0
        for line in parts.lines(kinds):
            # Beyond the shots there should be, none is missing.
            result.add_missing(expected, min(line.index, shots or line.index))
            expected = line.index + 1
            if isinstance(line, FailedLine):
                result.failed.append((line.index, line.failed))
            elif all(path in there for path in line.files()):
                line = _line_of_its_files(layout, line, parts.earlier_successes(line.index, kinds))
                _write_records(line, instances, records, result)
            else:
                result.add_missing(line.index, line.index + 1)
                continue
            scenes.write(to_json(line.shot or {"index": line.index}) + b"\n")
        instances.write(b'],\n"annotations":[')
        records.seek(0)
        shutil.copyfileobj(records, instances, 1 << 20)
        instances.write(b"]}\n")
    result.add_missing(expected, shots)
    return result


def _opening(
    name: str, version: str, categories: Sequence[str], points: Mapping[str, KeypointSet]
) -> bytes:
    info = {"description": name, "version": version, "contributor": f"orbitset {version}"}
    entries = [
        to_json(CategoryRecord.of(number, category, points.get(category)), exclude_none=True)
        for number, category in enumerate(categories, start=1)
    ]
    return (
        b'{"info":'
        + to_json(info)
        + b',\n"licenses":[],\n"categories":['
        + b",".join(b"\n" + entry for entry in entries)
        + b'],\n"images":['
    )


def _line_of_its_files(layout: Layout, line: DoneLine, earlier: Sequence[DoneLine]) -> DoneLine:
    """Return the line that belongs to the files there are, where the shot was rendered by several
    machines whose last bits differ.
    """
    differing = [each for each in earlier if each.images != line.images]
    if not differing:
        return line
    there = {
        path: hashlib.blake2b(layout.file(path).read_bytes(), digest_size=16).hexdigest()
        for path in line.files()
    }
    return next((each for each in [line, *differing] if each.files() == there), line)


def _same_disk(layout: Layout) -> Path | None:
    """Return a folder on the dataset's own disk, where there is room for its annotations."""
    if not is_local(layout.root):
        return None
    layout.instances.parent.mkdir(parents=True, exist_ok=True)
    return layout.instances.parent


def _write_records(
    line: DoneLine, images: IO[bytes], annotations: IO[bytes], result: MergeResult
) -> None:
    result.shots += 1
    for each in line.images:
        images.write((b",\n" if result.images else b"\n") + to_json(each.image))
        result.images += 1
        if each.image.scenario is not None:
            result.scenarios[each.image.scenario] += 1
        for category, count in each.image.dropped.items():
            if category in result.dropped or len(result.dropped) < _MOST_WARNINGS:
                result.dropped[category] += count
        for warning in each.image.warnings:
            # There are a few kinds of them; a dataset of somebody else's may have more.
            if warning in result.warnings or len(result.warnings) < _MOST_WARNINGS:
                result.warnings[warning] += 1
        for label in each.annotations:
            number = result.annotations + 1
            record: dict[str, Any] = {"id": number, "image_id": each.image.id, **dict(label)}
            annotations.write((b",\n" if result.annotations else b"\n") + to_json(record))
            result.annotations = number
