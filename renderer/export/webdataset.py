"""WebDataset shards: tar files of ``00000012.png`` and ``00000012.json``, for training at scale.

https://github.com/webdataset/webdataset: files of one sample stand together and share their stem.
Same dataset, same bytes: no times, owners or machine names are in the tars.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from pydantic import Field

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import PICTURE
from renderer.export.format import DatasetHead, Format, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable


class WebDatasetOptions(Options):
    """How shards are cut."""

    shard_images: int = Field(
        1000, strict=True, ge=1, le=100_000_000, description="Images a shard; the last has fewer."
    )


class WebDataset(Format[WebDatasetOptions]):
    """Tar files for training at scale: each sample is an image, its other files and a .json with
    its records; index.json has each shard's count and digest (BLAKE2b-128).
    """

    name = "webdataset"
    needs = ()
    carries = None
    Options = WebDatasetOptions

    def write(
        self,
        samples: Iterable[Sample],
        head: DatasetHead,
        target: Target,
        options: WebDatasetOptions,
    ) -> Summary:
        """Write shards with exactly ``shard_images`` images, the last fewer, and their index."""
        shards: list[dict[str, Any]] = []
        annotations = 0
        for batch in _batches(iter(samples), options.shard_images):
            name = f"{len(shards):06d}.tar"
            with target.open(name) as raw:
                file = _Hashed(raw)
                images, objects = _write_shard(file, batch)
            shards.append({"name": name, "images": images, "blake2b": file.hexdigest()})
            annotations += objects
        index = {
            "images": sum(shard["images"] for shard in shards),
            "categories": {str(key): name for key, name in head.categories.items()},
            "shards": shards,
        }
        target.write("index.json", (json.dumps(index, indent=1) + "\n").encode())
        return Summary(images=int(index["images"]), annotations=annotations)


class _Hashed:
    """A file that is digested as it is written."""

    def __init__(self, file: Writable) -> None:
        self._file, self._digest, self._bytes = file, hashlib.blake2b(digest_size=16), 0

    def write(self, content: bytes) -> int:
        self._digest.update(content)
        self._bytes += len(content)
        return self._file.write(content)

    def tell(self) -> int:
        return self._bytes

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def _batches(samples: Iterator[Sample], size: int) -> Iterator[Iterator[Sample]]:
    """Yield runs of at most ``size`` samples, each to be read before the next is asked for."""
    for first in samples:
        yield chain([first], islice(samples, size - 1))


def _write_shard(file: Any, samples: Iterable[Sample]) -> tuple[int, int]:
    """Write a tar; return its images and annotations."""
    images = annotations = 0
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for sample in samples:
            _add_sample(tar, sample)
            images += 1
            annotations += len(sample.annotations)
    return images, annotations


def _add_sample(tar: tarfile.TarFile, sample: Sample) -> None:
    stem = sample.stem
    if "." in stem:
        raise DatasetError(
            f"image {sample.image.id} is called {stem[:80]!r}: what stands behind the first dot of "
            "a name tells WebDataset what a file is, so that it can have no other"
        )
    records = {
        "image": sample.image.model_dump(mode="json"),
        "annotations": [record.model_dump(mode="json") for record in sample.annotations],
    }
    for name, file in sample.files.items():
        ending = file.suffix if name == PICTURE else f".{name}{file.suffix}"
        _add(tar, sample, stem + ending, file.read())
    _add(tar, sample, f"{stem}.json", dumps(records).encode())


def _add(tar: tarfile.TarFile, sample: Sample, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    try:
        tar.addfile(entry, io.BytesIO(content))
    except ValueError as error:  # tarfile's, of a very long name
        raise DatasetError(
            f"image {sample.image.id} does not fit into a tar file: {error}"
        ) from None
