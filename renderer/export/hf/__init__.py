"""Hugging Face: what the library ``datasets`` loads and the Hub shows.

Rows are images; ``objects`` has a list a column, as the library's guide to object detection has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Literal

from pydantic import Field

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import records_of
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.hf.guide import guide
from renderer.export.hf.imagefolder import write_folders
from renderer.export.hf.parquet import write_tables
from renderer.export.hf.rows import table_of
from renderer.export.sample import Sample
from renderer.export.target import Target

# What the library takes for the name of a split.
_SPLIT = re.compile(r"\w+(\.\w+)*", re.ASCII)


class HfOptions(Options):
    """How the files are laid out."""

    layout: Literal["imagefolder", "parquet"] = Field(
        "imagefolder",
        description="Picture files with metadata.jsonl, or tables with the pictures inside (needs "
        "pyarrow: orbitset[hf]).",
    )
    shard_mb: int = Field(
        500, strict=True, ge=1, le=100_000, description="Megabytes of files in a table of parquet."
    )


class Hf(Format[HfOptions]):
    """Hugging Face datasets: pictures with metadata.jsonl, or Parquet tables. A row is an image,
    with every field of its objects. Categories count from 0 in the order of COCO ids.
    """

    name = "hf"
    needs = ()
    carries = None
    Options = HfOptions

    def guide(self, head: DatasetHead, options: HfOptions) -> Guide:
        """Tell of the columns, and head the page with what the Hub reads."""
        return guide(head, options.layout, _splits(head))

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: HfOptions
    ) -> Summary:
        """Write folders or tables, a split each."""
        splits, stream = _splits(head), iter(samples)
        first = next(stream, None)
        table = table_of(head, first)
        every = stream if first is None else chain([first], stream)
        if options.layout == "parquet":
            done = write_tables(every, table, target, splits, options.shard_mb * 1_000_000)
        else:
            done = write_folders(every, table, target, splits)
        unknown = records_of(head.kinds).unknown
        left = [f"fields of label kinds that are not installed here: {', '.join(unknown)}"]
        return Summary(done.images, done.annotations, tuple(left if unknown else ()))


def _splits(head: DatasetHead) -> Mapping[str, str]:
    """Return each split of a dataset with the library's name for it.

    Raises:
        DatasetError: one has a name that the library takes for none.

    """
    for name in head.splits:
        if not _SPLIT.fullmatch(name):
            raise DatasetError(
                f"the split {name!r} cannot be called so on Hugging Face, which takes letters, "
                "digits, _ and dots between them"
            )
    if not head.splits:
        return {"": "train"}
    renamed = {} if "validation" in head.splits else {"val": "validation"}
    return {name: renamed.get(name, name) for name in head.splits}
