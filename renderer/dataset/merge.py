"""Parts → ``annotations/instances.json`` and ``shots.jsonl``, streaming, in index order."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line, PartIndex, dumps


@dataclass
class MergeResult:
    """What a merge found."""

    images: int = 0
    annotations: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)


def merge(layout: Layout, name: str, version: str, categories: tuple[str, ...]) -> MergeResult:
    """Join all parts; the result depends on the shots alone, not on how they were chunked.

    Image ids are the shot index + 1, annotation ids count from 1 in order. Records stand one on a
    line, so that two datasets can be compared by their lines.
    """
    result = MergeResult()
    parts = PartIndex(layout)
    layout.instances.parent.mkdir(parents=True, exist_ok=True)
    drafts = {
        path: path.with_name(f".{path.name}.draft") for path in (layout.instances, layout.shots)
    }
    annotations_draft = layout.instances.with_name(".annotations.draft")
    with (
        drafts[layout.instances].open("w", encoding="utf-8", newline="\n") as instances,
        drafts[layout.shots].open("w", encoding="utf-8", newline="\n") as shots,
        annotations_draft.open("w+", encoding="utf-8", newline="\n") as annotations,
    ):
        info = {"description": name, "version": version, "contributor": f"orbitset {version}"}
        instances.write('{"info":' + dumps(info) + ',\n"licenses":[],\n"categories":[')
        entries = [
            {"id": number, "name": category, "supercategory": ""}
            for number, category in enumerate(categories, start=1)
        ]
        instances.write(",".join("\n" + dumps(entry) for entry in entries) + '],\n"images":[')
        for line in parts.lines():
            shots.write(dumps(line["shot"] or {"index": line["index"]}) + "\n")
            _take(line, instances, annotations, result)
        instances.write('],\n"annotations":[')
        annotations.seek(0)
        shutil.copyfileobj(annotations, instances, 1 << 20)
        instances.write("]}\n")
    annotations_draft.unlink()
    for path, draft in drafts.items():
        _publish(draft, path)
    return result


def _take(line: Line, images: IO[str], annotations: IO[str], result: MergeResult) -> None:
    if "failed" in line:
        result.failed.append((line["index"], line["failed"]))
        return
    image_id = line["index"] + 1
    images.write(("," if result.images else "") + "\n" + dumps({"id": image_id, **line["image"]}))
    result.images += 1
    for record in line["annotations"]:
        number = result.annotations + 1
        text = dumps({"id": number, "image_id": image_id, **record})
        annotations.write(("," if result.annotations else "") + "\n" + text)
        result.annotations = number


def _publish(draft: Path, path: Path) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(draft, path)
