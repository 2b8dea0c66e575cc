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
from typing import IO, Any

from renderer.dataset.layout import Layout
from renderer.dataset.parts import dumps
from renderer.dataset.read import Record, read_categories, read_pairs
from renderer.dataset.storage import drafted, write_atomic


def write_shards(layout: Layout, target: Path, images_per_shard: int) -> dict[str, Any]:
    """Write a finished dataset as shards with exactly ``images_per_shard`` images, the last fewer.

    ``index.json`` beside them lists each shard with its count and digest (BLAKE2b-128), the total
    and the categories; it is written last and returned. What an earlier index lists goes first.

    Raises:
        DiskError: there is no room for it.

    """
    former = _names(target / "index.json")
    for name in former:
        (target / name).unlink(missing_ok=True)
    (target / "index.json").unlink(missing_ok=True)
    pairs = read_pairs(layout)
    shards: list[dict[str, Any]] = []
    pair = next(pairs, None)
    while pair is not None:
        name = f"{len(shards):06d}.tar"
        count = 0
        with drafted(target / name) as raw:
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
    write_atomic(target / "index.json", (json.dumps(index, indent=1) + "\n").encode())
    return index


def _names(index: Path) -> list[str]:
    """Return the shards an index lists; only those are ours to replace."""
    if not index.exists():
        return []
    return [shard["name"] for shard in json.loads(index.read_text(encoding="utf-8"))["shards"]]


def _add_sample(
    tar: tarfile.TarFile, layout: Layout, image: Record, annotations: list[Record]
) -> None:
    name = PurePosixPath(image["file_name"])
    _add(tar, name.name, (layout.root / image["file_name"]).read_bytes())
    label = dumps({"image": image, "annotations": annotations}).encode()
    _add(tar, f"{name.stem}.json", label)


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
