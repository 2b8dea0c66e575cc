"""Parts: the labels of one chunk of shots, written atomically. A part that exists is finished.

A part is a JSON-lines file, one line a shot: ``{"index", "shot", "image", "annotations"}``, or
``{"index", "shot", "failed"}`` for a shot that was given up, with its cause.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renderer.dataset.layout import Layout, sync_folder, write_atomic

Line = dict[str, Any]


def dumps(value: Any) -> str:
    """Return compact JSON; NaN is refused because other readers would choke on it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def write_part(layout: Layout, lines: list[Line]) -> Path:
    """Write the part of some shots; its name tells the first and last index and the retry round."""
    indices = [line["index"] for line in lines]
    stem = f"{min(indices):08d}-{max(indices):08d}"
    number = len(list(layout.parts.glob(f"{stem}*.jsonl"))) if layout.parts.is_dir() else 0
    path = layout.parts / f"{stem}.{number}.jsonl"
    if layout.images.is_dir():
        sync_folder(layout.images)  # a part vouches for its images
    write_atomic(path, "".join(dumps(line) + "\n" for line in lines).encode())
    return path


class PartIndex:
    """Where each shot's line is: some 100 bytes a shot, whatever the lines' size."""

    def __init__(self, layout: Layout) -> None:
        """Scan the parts. A shot that is in several (it failed and was tried again) counts by its
        successful line, or else its last.
        """
        self._files = sorted(layout.parts.glob("*.jsonl")) if layout.parts.is_dir() else []
        place: dict[int, int] = {}
        self._index, self._file, self._offset = array("q"), array("l"), array("q")
        self._failed = array("b")
        for number, path in enumerate(self._files):
            with path.open("rb") as file:
                offset = 0
                for raw in file:
                    self._take(place, number, offset, raw)
                    offset += len(raw)
        self._order = sorted(range(len(self._index)), key=self._index.__getitem__)

    def _take(self, place: dict[int, int], number: int, offset: int, raw: bytes) -> None:
        # {"index":12,"failed"... or "shot"...: only the head of the line is looked at.
        head = raw[:64]
        index = int(head[9 : head.index(b",")])
        failed = b'"failed":' in head
        at = place.get(index)
        if at is None:
            place[index] = len(self._index)
            self._index.append(index)
            self._file.append(number)
            self._offset.append(offset)
            self._failed.append(failed)
        elif self._failed[at]:
            self._file[at], self._offset[at], self._failed[at] = number, offset, failed

    def __len__(self) -> int:
        return len(self._index)

    def done(self) -> set[int]:
        """Return the indices of shots that were rendered."""
        return {self._index[at] for at in self._order if not self._failed[at]}

    def failed(self) -> set[int]:
        """Return the indices of shots that were given up."""
        return {self._index[at] for at in self._order if self._failed[at]}

    def lines(self) -> Iterator[Line]:
        """Yield each shot's line in the order of the index."""
        current, file = -1, None
        try:
            for at in self._order:
                if self._file[at] != current:
                    if file is not None:
                        file.close()
                    current = self._file[at]
                    file = self._files[current].open("rb")
                assert file is not None
                file.seek(self._offset[at])
                yield json.loads(file.readline())
        finally:
            if file is not None:
                file.close()
