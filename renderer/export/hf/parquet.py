"""The layout ``parquet``: tables with pictures inside, ``data/train-00000.parquet``.

As ``Dataset.push_to_hub`` of the library ``datasets`` writes them: the schema's metadata has the
features under ``huggingface``, a file is a struct of its bytes and its name. How many tables a
split has is not known before its last image, hence no ``-of-00003`` in the names.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

from renderer.errors import UnavailableError
from renderer.export.format import Summary
from renderer.export.hf.columns import Column, FileContent, Listed, Struct
from renderer.export.hf.rows import Table
from renderer.export.sample import Sample, SampleFile
from renderer.export.target import Target, Writable

FOLDER = "data"
# The library's own number for pictures: viewers read a row group at a time.
_GROUP_ROWS = 100
_GROUP_BYTES = 64 << 20


def write_tables(
    samples: Iterable[Sample],
    table: Table,
    target: Target,
    names: Mapping[str, str],
    shard_bytes: int,
) -> Summary:
    """Write the tables.

    Args:
        samples: the images.
        table: their columns.
        target: where they go.
        names: split → what the names of its tables begin with.
        shard_bytes: how much a table holds before the next is begun.

    Raises:
        DatasetError: an image has what the table has no column for.
        DiskError: there is no room for it.
        UnavailableError: pyarrow is not installed.

    """
    schema, images, annotations = _schema(table), 0, 0
    with ExitStack() as stack:
        splits = {
            split: stack.enter_context(_Split(target, name, schema, shard_bytes))
            for split, name in names.items()
        }
        for sample in samples:
            row, size = _row(sample, table)
            splits[sample.split].add(row, size)
            images += 1
            annotations += len(sample.annotations)
    return Summary(images, annotations)


class _Split:
    """The tables of one split, of which one is open."""

    def __init__(self, target: Target, name: str, schema: Any, shard_bytes: int) -> None:
        self._target, self._name, self._schema = target, name, schema
        self._shard_bytes = shard_bytes
        self._rows: list[dict[str, Any]] = []
        self._held = self._written = self._shards = 0
        self._open = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> _Split:
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is None:
            self._finish()
        else:
            self._open.__exit__(*error)

    def add(self, row: dict[str, Any], size: int) -> None:
        """Take a row with files of so many bytes."""
        self._rows.append(row)
        self._held += size
        if len(self._rows) >= _GROUP_ROWS or self._held >= _GROUP_BYTES:
            self._write_group()
        if self._written + self._held >= self._shard_bytes:
            self._finish()

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._writer is None:
            self._begin()
        group = pa.Table.from_pylist(self._rows, self._schema)
        self._writer.write_table(group, row_group_size=len(self._rows))
        self._written += self._held
        self._rows, self._held = [], 0

    def _begin(self) -> None:
        import pyarrow.parquet as pq

        name = f"{FOLDER}/{self._name}-{self._shards:05d}.parquet"
        file = self._open.enter_context(self._target.open(name))
        # Pictures are compressed already, and each is another.
        self._writer = self._open.enter_context(
            pq.ParquetWriter(_Sink(file), self._schema, compression="snappy", version="2.6")
        )
        self._shards += 1

    def _finish(self) -> None:
        """End a table; a split without images has one without rows."""
        if self._rows:
            self._write_group()
        if self._writer is None and not self._shards:
            self._begin()
        self._open.close()
        self._writer, self._written = None, 0


class _Sink(io.RawIOBase):
    """A file of an export as Arrow writes to it."""

    def __init__(self, file: Writable) -> None:
        super().__init__()
        self._file, self._bytes = file, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._bytes

    def write(self, content: Any, /) -> int:
        given = bytes(content)
        self._file.write(given)
        self._bytes += len(given)
        return len(given)


def _columns(table: Table) -> dict[str, Column]:
    """Return all columns of a row, in their order."""
    objects = Struct({key: Listed(column) for key, column in table.objects.items()})
    return {
        "image": FileContent(picture=True),
        **table.files,
        **table.image,
        "objects": objects,
    }


def _schema(table: Table) -> Any:
    """Return the schema, with the library's features in it."""
    try:
        import pyarrow as pa
    except ImportError:
        raise UnavailableError(
            "the layout parquet needs pyarrow: pip install 'orbitset[hf]', or take the layout "
            "imagefolder"
        ) from None
    columns = _columns(table)
    features = {name: column.feature() for name, column in columns.items()}
    told = json.dumps({"info": {"features": features}})
    fields = [(name, column.arrow(pa)) for name, column in columns.items()]
    return pa.schema(fields, metadata={"huggingface": told})


def _row(sample: Sample, table: Table) -> tuple[dict[str, Any], int]:
    """Return the row of an image, and the bytes of its files."""
    name = PurePosixPath(sample.image.file_name).name
    row: dict[str, Any] = {"image": _content(sample.picture, name)}
    for column, _, file in table.files_of(sample):
        row[column] = file and _content(file, f"{sample.stem}{file.suffix}")
    size = sum(len(each["bytes"]) for each in row.values() if each)
    row |= table.image_values(sample)
    row["objects"] = table.object_values(sample)
    return row, size


def _content(file: SampleFile, name: str) -> dict[str, Any]:
    return {"bytes": file.read(), "path": name}
