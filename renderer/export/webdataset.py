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


class WebDatasetOptions(Options):
    """How shards are cut."""

    shard_images: int = Field(
        1000, strict=True, ge=1, le=100_000_000, description="Images a shard; the last has fewer."
    )


class WebDataset(Format[WebDatasetOptions]):
    """Tar files for training at scale: each sample is an image, its other files and a .json with
    its records; index.json has each shard's count and digest (BLAKE2b-128). A split's shards begin
    with the name of their side.
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
        sides = {name: _Shards(target, name, options.shard_images) for name in head.splits or [""]}
        images = annotations = 0
        with ExitStack() as stack:
            for side in sides.values():
                stack.push(side.__exit__)
            for sample in samples:
                sides[sample.split].add(sample)
                images += 1
                annotations += len(sample.annotations)
            for side in sides.values():
                side.finish()
        points = {str(key): each.model_dump(mode="json") for key, each in head.keypoints.items()}
        index = {
            "images": images,
            "categories": {str(key): name for key, name in head.categories.items()},
            **({"keypoints": points} if points else {}),
            "shards": [shard for side in sides.values() for shard in side.told],
        }
        target.write("index.json", (json.dumps(index, indent=1) + "\n").encode())
        return Summary(images, annotations)

    def guide(self, head: DatasetHead, options: WebDatasetOptions) -> Guide:
        """Return what the README says."""
        side = f"{head.splits[0]}-" if head.splits else ""
        shown = f"{side}NNNNNN.tar" if not head.splits else "SIDE-NNNNNN.tar"
        return Guide(
            holds=(
                (shown, f"{options.shard_images} images a shard, the last of a side has fewer"),
                ("index.json", "of each shard its count of images and its digest (BLAKE2b-128)"),
            ),
            conventions=(
                "A sample is a picture, `json` with the records of its image and annotations, and "
                "the image's other files, each by its name: `depth.png`.",
                "Records are those of the dataset: boxes are x, y, width, height in pixels from "
                "the top left corner; lengths are metres; cameras are OpenCV's (x right, y down, z "
                "forward), pixel centres at integer + 0.5; masks are COCO's run lengths or "
                "polygons.",
                "Pillow, and so `decode('pil')`, drops the lower 8 bits of 16-bit colours "
                "(`normals.png`); `cv2.imdecode` with `IMREAD_UNCHANGED` keeps them.",
            ),
            loading=f"""
import glob, webdataset
shards = sorted(glob.glob("{side}*.tar"))
for sample in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode():
    print(sample["__key__"], len(sample["json"]["annotations"]))
""",
            requires=("webdataset",),
        )


class _Shards:
    """The shards of one side, one open at a time.

    Attributes:
        told: what the index says of each that is finished.

    """

    def __init__(self, target: Target, side: str, most: int) -> None:
        self.told: list[dict[str, Any]] = []
        self._target, self._side, self._most = target, side, most
        self._stack, self._images = ExitStack(), 0

    def __exit__(self, *error: Any) -> None:
        """Close what is open, and have it know whether it is whole."""
        self._stack.__exit__(*error)

    def add(self, sample: Sample) -> None:
        """Write a sample into the open shard, or a new one."""
        if not self._images:
            self._begin()
        _add_sample(self._tar, sample)
        self._images += 1
        if self._images == self._most:
            self.finish()

    def finish(self) -> None:
        """Close the open shard, if there is one."""
        if self._images:
            self._stack.close()
            side = {"split": self._side} if self._side else {}
            told = {"name": self._name, "images": self._images, "blake2b": self._file.hexdigest()}
            self.told.append(told | side)
        self._images = 0

    def _begin(self) -> None:
        self._name = f"{len(self.told):06d}.tar"
        if self._side:
            self._name = f"{self._side}-{self._name}"
        raw = self._stack.enter_context(self._target.open(self._name))
        self._file = _Hashed(raw)
        tar: Any = self._file  # it is written to, and no more
        self._tar = self._stack.enter_context(
            tarfile.TarFile(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT)
        )


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
