"""Parts: the labels of one chunk of shots, written atomically. A part that exists is finished.

A part is a JSON-lines file, one line a shot: ``{"index", "shot", "images"}``, or for
a shot that was given up ``{"index", "failed", "shot", "stage"}`` with its cause and the stage in
which it failed (and ``"impossible"`` where no pose is acceptable, which is so on every machine).
One that killed its workers is ``{"index", "quarantined": true, "failed", "shot"}`` and is not tried
again unasked.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import create_model

from renderer.dataset.files import FilesThere, files_of, folder_of, of_shot
from renderer.dataset.json_text import dumps, loads
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.records import ImageRecord, LabelRecord, Records, records_of
from renderer.dataset.storage import is_local, sync_folder, write_atomic
from renderer.dataset.stored_model import ContentError, StoredModel, read_value
from renderer.values.bounded import Count

Line = dict[str, Any]
FailedStage = Literal["plan", "render", "finish"]
_QUARANTINED = 2
_NAME = re.compile(r"(\d+)-(\d+)\.(\d+)\.[0-9a-f]+\.jsonl")
# Of shots there are at most 100,000,000 (the recipe's limit).
_HEAD = re.compile(rb'\{"index":\d{1,9},"')
_ALL = range(1 << 62)


class LabelledImage(StoredModel):
    """An image of a shot with its labels, which have no ids yet."""

    image: ImageRecord
    annotations: tuple[LabelRecord, ...]


class DoneLine(StoredModel):
    """The line of a shot that was rendered; ``shot`` is its Shot."""

    index: Count
    shot: dict[str, Any]
    images: tuple[LabelledImage, ...]

    def files(self) -> dict[str, str]:
        """Return the digest of each of its files by its path."""
        return files_of(each.image for each in self.images)


class FailedLine(StoredModel):
    """The line of a shot that was given up, with the cause; without a ``shot`` where it could not
    be planned.
    """

    index: Count
    quarantined: bool = False
    failed: str
    stage: FailedStage | None = None
    impossible: bool = False
    shot: dict[str, Any] | None


@lru_cache(maxsize=16)
def _done_line(records: Records) -> type[DoneLine]:
    """Return the model of lines with the records of a dataset."""
    label: Any = records.label
    image: Any = create_model(
        "LabelledImage",
        __base__=LabelledImage,
        image=(records.image, ...),
        annotations=(tuple[label, ...], ...),
    )
    return create_model("DoneLine", __base__=DoneLine, images=(tuple[image, ...], ...))


def write_part(layout: Layout, lines: list[Line], session_number: int) -> Path:
    """Write the part of some shots.

    Its name tells the first and last index, the number of the scheduler's session
    (``next_session_number``) and a digest of the content: two schedulers on one output by mistake
    never overwrite each other's parts with other content.
    """
    indices = [line["index"] for line in lines]
    stem = f"{min(indices):08d}-{max(indices):08d}.{session_number:03d}"
    content = "".join(dumps(line) + "\n" for line in lines).encode()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    path = layout.parts / f"{stem}.{digest}.jsonl"
    for folder in sorted({folder_of(path) for line in lines for path in _paths(line)}):
        sync_folder(layout.file(folder))  # a part vouches for its images' files
    write_atomic(path, content)
    return path


def _paths(line: Line) -> list[str]:
    images = [each["image"] for each in line.get("images", ())]
    return [file["path"] for image in images for file in image["files"].values()]


def next_session_number(layout: Layout) -> int:
    """Return the number of a scheduler's session that begins now: it comes after those that have
    left parts, so that what it renders again counts.
    """
    return 1 + max((session_number for _, _, session_number, _ in _named_parts(layout)), default=-1)


def last_index(layout: Layout) -> int:
    """Return the highest index that any part may hold, by their names alone; -1 without parts."""
    return max((last for _, last, _, _ in _named_parts(layout)), default=-1)


def _named_parts(layout: Layout) -> list[tuple[int, int, int, Path]]:
    """Return each part with the first and last index and the session number that its name tells."""
    found = []
    for path in layout.files("parts", "*.jsonl"):
        if named := _NAME.fullmatch(path.name):
            found.append((int(named[1]), int(named[2]), int(named[3]), path))
    return found


def example_line(layout: Layout) -> DoneLine | None:
    """Return the line of some shot that was rendered, if there is one. The files of all others have
    the same names but for the index.
    """
    for _, _, _, path in _named_parts(layout):
        with path.open("rb") as file:
            for raw in file:
                if _is_line(raw) and not _beginning(raw)[1]:
                    with contextlib.suppress(DatasetError):  # one that is damaged is none
                        line = _line(path.name, raw, DoneLine)
                        assert isinstance(line, DoneLine)
                        return line
    return None


class PartIndex:
    """Where each shot's line is: some 100 bytes a shot, whatever the lines' size."""

    def __init__(self, layout: Layout, span: range = _ALL) -> None:
        """Scan the parts of a span of shots. A shot that is in several counts by its last success
        (its image may have been lost and rendered again), else its last quarantine, else its last
        failure. A line that is damaged (a broken disk) counts as none.
        """
        self._mirror: tempfile.TemporaryDirectory[str] | None = None
        self._span = span
        self._files = self._fetch(layout)
        place: dict[int, int] = {}
        self._index, self._file, self._offset = array("q"), array("l"), array("q")
        self._failed = array("b")
        self._earlier: dict[int, list[tuple[int, int]]] = {}
        for number, path in enumerate(self._files):
            with path.open("rb") as file:
                offset = 0
                for raw in file:
                    if _is_line(raw):
                        self._add(place, number, offset, raw)
                    offset += len(raw)
        self._order = sorted(range(len(self._index)), key=self._index.__getitem__)

    def _fetch(self, layout: Layout) -> list[Path]:
        """Return the parts by session; those of an object store are fetched, many at a time."""
        touched = [
            (session_number, path.name, path)
            for first, last, session_number, path in _named_parts(layout)
            if first < self._span.stop and last >= self._span.start
        ]
        found = [path for _, _, path in sorted(touched)]
        if is_local(layout.parts) or not found:
            return found
        self._mirror = tempfile.TemporaryDirectory(prefix="orbitset-parts-")
        copies = [Path(self._mirror.name) / path.name for path in found]
        stored: list[Any] = list(found)
        stored[0].fs.get([path.path for path in stored], [str(path) for path in copies])
        return copies

    def _add(self, place: dict[int, int], number: int, offset: int, raw: bytes) -> None:
        index, failed = _beginning(raw)
        if index not in self._span:
            return
        at = place.get(index)
        if at is None:
            place[index] = len(self._index)
            self._index.append(index)
            self._file.append(number)
            self._offset.append(offset)
            self._failed.append(failed)
        elif not failed or (self._failed[at] and failed >= self._failed[at]):
            if not self._failed[at]:
                earlier = self._earlier.setdefault(index, [])
                earlier.append((self._file[at], self._offset[at]))
            self._file[at], self._offset[at], self._failed[at] = number, offset, failed

    def __len__(self) -> int:
        return len(self._index)

    def done(self) -> set[int]:
        """Return the indices of shots that were rendered."""
        return {self._index[at] for at in self._order if not self._failed[at]}

    def failed(self) -> set[int]:
        """Return the indices of shots that were given up."""
        return {self._index[at] for at in self._order if self._failed[at]}

    def quarantined(self) -> set[int]:
        """Return those of the failed shots that killed or hung their workers."""
        return {self._index[at] for at in self._order if self._failed[at] == _QUARANTINED}

    def causes(self) -> Iterator[tuple[int, str]]:
        """Yield each failed shot with its cause."""
        for line in self._read(
            (self._file[at], self._offset[at]) for at in self._order if self._failed[at]
        ):
            if isinstance(line, FailedLine):
                yield line.index, line.failed

    def earlier_successes(self, index: int, kinds: Collection[str] = ()) -> list[DoneLine]:
        """Return earlier successes of a shot; rendered on other hardware, they may differ."""
        lines = self._read(self._earlier.get(index, ()), kinds)
        return [line for line in lines if isinstance(line, DoneLine)]

    def lines(self, kinds: Collection[str] = ()) -> Iterator[DoneLine | FailedLine]:
        """Yield each shot's line in the order of the index; its records have the fields of some
        label kinds.
        """
        return self._read(((self._file[at], self._offset[at]) for at in self._order), kinds)

    def lost(self, layout: Layout) -> set[int]:
        """Return the shots that were rendered and of which a file is not there any more."""
        example = example_line(layout)
        if example is None:
            return set()
        there, paths = FilesThere(layout), list(example.files())
        return {
            index
            for index in self.done()
            if not all(of_shot(path, example.index, index) in there for path in paths)
        }

    def _read(
        self, places: Iterable[tuple[int, int]], kinds: Collection[str] = ()
    ) -> Iterator[DoneLine | FailedLine]:
        """Yield the lines at (file, offset), a file that follows on itself opened once."""
        current, file, done = -1, None, _done_line(records_of(kinds))
        try:
            for number, offset in places:
                if number != current:
                    if file is not None:
                        file.close()
                    current = number
                    file = self._files[current].open("rb")
                assert file is not None
                file.seek(offset)
                yield _line(self._files[current].name, file.readline(), done)
        finally:
            if file is not None:
                file.close()


def _is_line(raw: bytes) -> bool:
    return bool(_HEAD.match(raw)) and raw.endswith(b"}\n")


def _beginning(raw: bytes) -> tuple[int, int]:
    """Return the index of a line and whether it failed, from its first bytes: ``{"index":12,``
    and then ``"failed"``, ``"quarantined"`` or ``"shot"``.
    """
    head = raw[:64]
    failed = _QUARANTINED if b'"quarantined":' in head else int(b'"failed":' in head)
    return int(head[9 : head.index(b",")]), failed


def _line(part: str, raw: bytes, done: type[DoneLine]) -> DoneLine | FailedLine:
    """Return what a line of a part says: it is copied into the dataset, and names its files."""
    index, failed = _beginning(raw)
    try:
        line: DoneLine | FailedLine = (
            read_value(FailedLine, loads(raw)) if failed else read_value(done, loads(raw))
        )
        if line.index != index or ("failed" in (line.model_extra or {})):
            raise ContentError("says two things")
    except ContentError as error:
        wrong = str(error)
    except ValueError as error:
        wrong = f"is no JSON: {error}"
    else:
        return line
    raise DatasetError(f"parts/{part} is damaged: the line of shot {index} {wrong}")
