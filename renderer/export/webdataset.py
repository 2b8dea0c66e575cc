"""WebDataset shards: tar files of ``00000012.png`` and ``00000012.json``, for training at scale.

https://github.com/webdataset/webdataset: files of one sample stand together and share their stem.
Same dataset, same bytes: no times, owners or machine names are in the tars.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from pydantic import Field

from renderer.dataset.json_text import dumps
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import PICTURE
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable

_LOADING = """\
import json
import webdataset

for sample in webdataset.WebDataset("{shard}", shardshuffle=False):
    told = json.loads(sample["json"])
    print(sample["__key__"], sorted(sample), len(told["annotations"]), "objects")
"""


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

    def guide(self, head: DatasetHead, options: WebDatasetOptions) -> Guide:
        """Tell of the shards and what is in them."""
        del options
        first = f"{_prefix(head.splits[0] if head.splits else '')}000000.tar"
        names = [f"{_prefix(split)}*.tar" for split in head.splits or ("",)]
        return Guide(
            holds=(
                *(
                    (name, "shards: of each image its files, which share their stem")
                    for name in names
                ),
                ("index.json", "the number of images and the BLAKE2b-128 digest of each shard"),
            ),
            conventions=(
                "a sample has the picture by its ending (`png`), other files by name and ending "
                "(`depth.exr`), and in `json` all that the dataset says of it",
                "`json` has `image` and `annotations` with the dataset's keys: pixels from the "
                "upper left corner, metres, OpenCV's axes (x right, y down, z forward)",
                "Pillow, and so `decode('pil')`, drops the lower 8 bits of colours of 16 "
                "(`normals.png`): `cv2.imdecode` with `IMREAD_UNCHANGED` keeps them",
            ),
            loading=_LOADING.format(shard=first),
            requires=("webdataset",),
        )

    def write(
        self,
        samples: Iterable[Sample],
        head: DatasetHead,
        target: Target,
        options: WebDatasetOptions,
    ) -> Summary:
        """Write shards with exactly ``shard_images`` images, the last of a split fewer, and their
        index.
        """
        annotations = 0
        with ExitStack() as stack:
            splits = {
                split: stack.enter_context(_Shards(target, split, options.shard_images))
                for split in head.splits or ("",)
            }
            for sample in samples:
                splits[sample.split].add(sample)
                annotations += len(sample.annotations)
        shards = [shard for split in splits.values() for shard in split.done]
        index = {
            "images": sum(shard["images"] for shard in shards),
            "categories": {str(key): name for key, name in head.categories.items()},
            "shards": shards,
        }
        target.write("index.json", (json.dumps(index, indent=1) + "\n").encode())
        return Summary(images=int(index["images"]), annotations=annotations)


def _prefix(split: str) -> str:
    """Return what names of a split's shards begin with."""
    return f"{split}-" if split else ""


class _Shards:
    """The shards of one split, of which one is open.

    Attributes:
        done: what the index says of those that are written.

    """

    def __init__(self, target: Target, split: str, shard_images: int) -> None:
        self._target, self._split, self._most = target, split, shard_images
        self._open = ExitStack()
        self._tar: tarfile.TarFile | None = None
        self._images = 0
        self.done: list[dict[str, Any]] = []

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self._open.__exit__(*error)  # a shard that breaks off is none
        elif self._tar is not None:
            self._finish()

    def add(self, sample: Sample) -> None:
        if self._tar is None:
            self._begin()
        assert self._tar is not None
        _add_sample(self._tar, sample)
        self._images += 1
        if self._images == self._most:
            self._finish()

    def _begin(self) -> None:
        self._name = f"{_prefix(self._split)}{len(self.done):06d}.tar"
        self._file = _Hashed(self._open.enter_context(self._target.open(self._name)))
        tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.USTAR_FORMAT)  # type: ignore[arg-type]
        self._tar = self._open.enter_context(tar)

    def _finish(self) -> None:
        self._open.close()
        said = {"name": self._name, "images": self._images, "blake2b": self._file.hexdigest()}
        self.done.append({**said, "split": self._split} if self._split else said)
        self._tar, self._images = None, 0


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
