"""WebDataset shards: tar files of ``00000012.png`` and ``00000012.json``, for training at scale.

https://github.com/webdataset/webdataset: files of one sample stand together and share their stem.
Same dataset, same bytes: no times, owners or machine names are in the tars.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path, PurePosixPath
from typing import IO, Annotated, Any

from pydantic import Field
from pydantic_core import to_json

from renderer.dataset.layout import DatasetError, Layout, below
from renderer.dataset.read import read_categories, read_pairs
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.dataset.storage import drafted, write_atomic
from renderer.dataset.stored import Stored, UnlikeError, parsed


class _Shard(Stored):
    name: Annotated[str, Field(pattern=r"^\d{6,}\.tar$")]


class _Index(Stored):
    shards: tuple[_Shard, ...]


def write_shards(layout: Layout, target: Path, images_per_shard: int) -> dict[str, Any]:
    """Write a finished dataset as shards with exactly ``images_per_shard`` images, the last fewer.

    ``index.json`` beside them lists each shard with its count and digest (BLAKE2b-128), the total
    and the categories; it is written last and returned. What an earlier index lists goes first.

    Raises:
        DatasetError: the dataset is damaged, or the earlier index.
        DiskError: there is no room for it.

    """
    file = below(target, "index.json")
    for former in [below(target, name) for name in _names(file)]:
        former.unlink(missing_ok=True)
    file.unlink(missing_ok=True)
    pairs = read_pairs(layout)
    shards: list[dict[str, Any]] = []
    pair = next(pairs, None)
    while pair is not None:
        name = f"{len(shards):06d}.tar"
        count = 0
        with drafted(below(target, name)) as raw:
            with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                while pair is not None and count < images_per_shard:
                    _add_sample(tar, layout, *pair)
                    count += 1
                    pair = next(pairs, None)
            digest = _digest(raw)
        shards.append({"name": name, "images": count, "blake2b": digest})
    index = {
        "images": sum(shard["images"] for shard in shards),
        "categories": {str(key): name for key, name in read_categories(layout).items()},
        "shards": shards,
    }
    write_atomic(file, (json.dumps(index, indent=1) + "\n").encode())
    return index


def _names(index: Path) -> list[str]:
    """Return the shards an index lists; only those are ours to replace."""
    if not index.exists():
        return []
    try:
        return [shard.name for shard in parsed(_Index, index.read_bytes()).shards]
    except UnlikeError as error:
        raise DatasetError(
            f"{index} is damaged: {error}; delete it, and the shards beside it"
        ) from None


def _add_sample(
    tar: tarfile.TarFile, layout: Layout, image: ImageRecord, annotations: list[AnnotationRecord]
) -> None:
    name = PurePosixPath(image.file_name)
    label = to_json({"image": image, "annotations": annotations})
    try:
        _add(tar, name.name, layout.file(image.file_name).read_bytes())
        _add(tar, f"{name.stem}.json", label)
    except DatasetError:
        raise
    except ValueError as error:  # tarfile's, of a very long name
        raise DatasetError(f"image {image.id} does not fit into a tar file: {error}") from None


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


def _digest(file: IO[bytes]) -> str:
    file.flush()
    file.seek(0)
    digest = hashlib.blake2b(digest_size=16)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
