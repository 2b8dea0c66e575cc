"""The layout ``imagefolder``: a folder a split, with its pictures and a line an image beside them.

https://huggingface.co/docs/datasets/image_dataset: ``file_name`` becomes the column ``image``, and
``depth_file_name`` a column ``depth`` of pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

from renderer.dataset.json_text import dumps
from renderer.export.format import Summary
from renderer.export.hf.rows import Table
from renderer.export.sample import Sample
from renderer.export.target import Target

METADATA = "metadata.jsonl"


def write_folders(
    samples: Iterable[Sample], table: Table, target: Target, folders: Mapping[str, str]
) -> Summary:
    """Write the folders.

    Args:
        samples: the images.
        table: their columns.
        target: where they go.
        folders: split → the name of its folder.

    Raises:
        DatasetError: an image has what the table has no column for.
        DiskError: there is no room for it.

    """
    table, images, annotations = table.for_guessing(), 0, 0
    with ExitStack() as stack:
        lines = {
            split: stack.enter_context(target.open(f"{folder}/{METADATA}"))
            for split, folder in folders.items()
        }
        for sample in samples:
            row = _write_files(sample, table, target, folders[sample.split])
            row |= table.image_values(sample)
            row["objects"] = table.object_values(sample)
            lines[sample.split].write((dumps(row) + "\n").encode())
            images += 1
            annotations += len(sample.annotations)
    return Summary(images, annotations)


def _write_files(sample: Sample, table: Table, target: Target, folder: str) -> dict[str, Any]:
    """Write an image's files; return their columns: paths below the folder.

    A column ``..._file_name`` is opened by the library: only what Pillow gives all of is one.
    """
    picture = PurePosixPath(sample.image.file_name).name
    target.take(f"{folder}/{picture}", sample.picture)
    row: dict[str, Any] = {"file_name": picture}
    for name, column, file in table.files_of(sample):
        path = None
        if file is not None:
            path = f"{name}/{sample.stem}{file.suffix}"
            target.take(f"{folder}/{path}", file)
        row[f"{name}_{'file_name' if column.picture else 'path'}"] = path
    return row
