"""Parts → ``annotations/instances.json`` and ``shots.jsonl``, streaming, in index order."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line, PartIndex
from renderer.dataset.storage import drafted, is_local

_MOST_WARNINGS = 1000


@dataclass
class MergeResult:
    """What a merge found."""

    images: int = 0
    annotations: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    missing: list[range] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)

    def miss(self, first: int, beyond: int) -> None:
        """Take note that the images of some shots, ``beyond`` excluded, are not there."""
        if self.missing and self.missing[-1].stop == first:
            first = self.missing.pop().start
        if first < beyond:
            self.missing.append(range(first, beyond))

    def sentences(self) -> list[str]:
        """Return what is to be known of images, each with how many say it."""
        return [
            f"{count} {'image says' if count == 1 else 'images say'}: {text}"
            for text, count in sorted(self.warnings.items())
        ]


def merge(
    layout: Layout, name: str, version: str, categories: Sequence[str], images: int = 0
) -> MergeResult:
    """Join all parts; the result depends on the shots alone, not on how they were chunked.

    Image ids are the shot index + 1, annotation ids count from 1 in order. Records stand one on a
    line, so that two datasets can be compared by their lines. Of ``images`` that there should be,
    those that are in no part, or whose file is not there, are named in the result as missing.

    Raises:
        DiskError: there is no room for it.

    """
    result = MergeResult()
    parts = PartIndex(layout)
    with (
        _text(layout.instances) as instances,
        _text(layout.shots) as shots,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=_near(layout)) as records,
    ):
        info = {"description": name, "version": version, "contributor": f"orbitset {version}"}
        instances.write('{"info":' + dumps(info) + ',\n"licenses":[],\n"categories":[')
        entries = [
            {"id": number, "name": category, "supercategory": ""}
            for number, category in enumerate(categories, start=1)
        ]
        instances.write(",".join("\n" + dumps(entry) for entry in entries) + '],\n"images":[')
        expected, there = 0, _images_there(layout)
        for line in parts.lines():
            # Beyond the images there should be, none is missing.
            result.miss(expected, min(line["index"], images or line["index"]))
            expected = line["index"] + 1
            if "failed" not in line and not _files_of(line) <= there:
                result.miss(line["index"], line["index"] + 1)
                continue
            line = _of_its_image(layout, line, parts.earlier_successes(line["index"]))
            shots.write(dumps(line["shot"] or {"index": line["index"]}) + "\n")
            _take(line, instances, records, result)
        instances.write('],\n"annotations":[')
        records.seek(0)
        shutil.copyfileobj(records, instances, 1 << 20)
        instances.write("]}\n")
    result.miss(expected, images)
    return result


def _of_its_image(layout: Layout, line: Line, earlier: Sequence[Line]) -> Line:
    """Return the line that belongs to the image there is, where the shot was rendered by several
    machines whose last bits differ.
    """
    differing = [each for each in earlier if each["images"] != line["images"]]
    if not differing:
        return line
    there = {
        name: hashlib.blake2b(layout.file(name).read_bytes(), digest_size=16).hexdigest()
        for name in _files_of(line)
    }
    return next((each for each in [line, *differing] if _digests_of(each) == there), line)


def _files_of(line: Line) -> set[str]:
    return set(_digests_of(line))


def _digests_of(line: Line) -> dict[str, str | None]:
    return {
        file["path"]: file.get("blake2b")
        for each in line["images"]
        for file in each["image"]["files"].values()
    }


def _images_there(layout: Layout) -> set[str]:
    """Return the names of the image files: a part whose image is lost is no dataset."""
    return {f"images/{path.name}" for path in layout.images.glob("*.*")}


@contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    with drafted(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
        yield text
        text.flush()
        text.detach()


def _near(layout: Layout) -> Path | None:
    """Return a folder on the dataset's own disk, where there is room for its annotations."""
    if not is_local(layout.root):
        return None
    layout.instances.parent.mkdir(parents=True, exist_ok=True)
    return layout.instances.parent


def _take(line: Line, images: IO[str], annotations: IO[str], result: MergeResult) -> None:
    if "failed" in line:
        result.failed.append((line["index"], line["failed"]))
        return
    for each in line["images"]:
        image = each["image"]
        images.write(("," if result.images else "") + "\n" + dumps(image))
        result.images += 1
        for warning in image.get("warnings", ()):
            # There are a few kinds of them; a dataset of somebody else's may have more.
            if warning in result.warnings or len(result.warnings) < _MOST_WARNINGS:
                result.warnings[warning] += 1
        for record in each["annotations"]:
            number = result.annotations + 1
            text = dumps({"id": number, "image_id": image["id"], **record})
            annotations.write(("," if result.annotations else "") + "\n" + text)
            result.annotations = number
