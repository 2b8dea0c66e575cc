"""WebDataset shards, read by the library they are named after."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import webdataset
from pycocotools.coco import COCO

from renderer.dataset import json_text
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories
from renderer.export.format import DatasetHead
from renderer.export.sample import Sample, SampleFile, read_samples
from renderer.export.target import FolderTarget
from renderer.export.webdataset import WebDataset, WebDatasetOptions
from renderer.export.write import export
from renderer.recipe.exports import export_of
from tests.conftest import CROWD, contents, orbitset, write_recipe


def write_shards(dataset: Path, target: Path, images: int) -> dict[str, Any]:
    export(Layout(dataset), export_of({"format": "webdataset", "shard_images": images}), target)
    index: dict[str, Any] = json.loads((target / "index.json").read_text())
    return index


def samples(folder: Path) -> list[dict[str, Any]]:
    paths = [str(path) for path in sorted(folder.glob("*.tar"))]
    return list(webdataset.WebDataset(paths, shardshuffle=False, empty_check=False))


def test_shards_hold_every_image_with_its_records(crowd: Path, tmp_path: Path) -> None:
    index = write_shards(crowd, tmp_path, 3)
    assert [shard["images"] for shard in index["shards"]] == [3, 3, 2]
    found = samples(tmp_path)
    labels = json.loads((crowd / "annotations" / "instances.json").read_text())
    assert index["images"] == len(found) == len(labels["images"]) == 8
    for sample, image in zip(found, labels["images"], strict=True):
        assert sample["__key__"] == Path(image["file_name"]).stem
        assert sample["png"] == (crowd / image["file_name"]).read_bytes()
        told = json.loads(sample["json"])
        assert told["image"] == image
        assert told["annotations"] == [
            record for record in labels["annotations"] if record["image_id"] == image["id"]
        ]


def test_shards_are_the_same_bytes_every_time(crowd: Path, tmp_path: Path) -> None:
    first = write_shards(crowd, tmp_path / "a", 3)
    assert first == write_shards(crowd, tmp_path / "b", 3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    for shard in first["shards"]:
        content = (tmp_path / "a" / shard["name"]).read_bytes()
        assert hashlib.blake2b(content, digest_size=16).hexdigest() == shard["blake2b"]
    with tarfile.open(tmp_path / "a" / "000000.tar") as tar:
        assert {(entry.mtime, entry.uid, entry.uname) for entry in tar} == {(0, 0, "")}
    shorter = write_shards(crowd, tmp_path / "a", 8)
    assert len(shorter["shards"]) == len(list((tmp_path / "a").glob("*.tar"))) == 1


def test_recipe_asks_for_shards(solids: Path, tmp_path: Path) -> None:
    exports = [{"format": "webdataset", "shard_images": 2}]
    recipe = write_recipe(
        tmp_path / "r", {**CROWD, "images": 3, "output": {"exports": exports}}, solids
    )
    out = tmp_path / "out"
    assert orbitset("render", recipe, "-o", out).returncode == 0
    written = out / "exports" / "webdataset"
    assert len(samples(written)) == 3
    index = json.loads((written / "index.json").read_text())
    assert [shard["images"] for shard in index["shards"]] == [2, 1]
    command = ("dataset", "export", out, "--format", "webdataset")
    made = orbitset(*command, "-o", tmp_path / "again", "--option", "shard_images=2")
    assert made.returncode == 0, made.stderr
    assert contents(tmp_path / "again") == contents(written)
    (out / "images" / "00000001.png").unlink()
    lost = orbitset(*command)
    assert lost.returncode == 1
    assert "00000001.png" in lost.stderr
    assert contents(tmp_path / "again") == contents(written)  # as it was


def planted_samples(layout: Layout, folder: Path) -> Iterator[Sample]:
    """With a file of each sort beside the picture, each of other bytes."""
    for sample in read_samples(layout):
        files = dict(sample.files)
        for name, suffix in FILES.items():
            path = folder / f"{sample.stem}.{name}{suffix}"
            path.write_bytes(path.name.encode())
            files[name] = SampleFile(path)
        yield replace(sample, files=files, split="val" if sample.image.id % 3 == 0 else "train")


def planted_head(layout: Layout, splits: tuple[str, ...] = ()) -> DatasetHead:
    manifest, names = read_manifest(layout), read_categories(layout)
    return DatasetHead("planted", manifest.images, names, tuple(manifest.labels), manifest, splits)


FILES = {"depth": ".exr", "normals": ".png", "coverage": ".tiff", "panoptic": ".png"}


def test_files_of_any_kind_travel_with_splits(planted: Layout, tmp_path: Path) -> None:
    """Every planted instance and file is in the shards of its split, and nowhere else."""
    head = planted_head(planted, ("train", "val"))
    written, given = tmp_path / "shards", tmp_path / "given"
    written.mkdir()
    given.mkdir()
    stream, target = planted_samples(planted, given), FolderTarget(written)
    done = WebDataset().write(stream, head, target, WebDatasetOptions(shard_images=2))
    assert (done.images, done.annotations) == (7, 11)
    index = json.loads((written / "index.json").read_text())
    assert [(each["name"], each["images"], each["split"]) for each in index["shards"]] == [
        ("train-000000.tar", 2, "train"),
        ("train-000001.tar", 2, "train"),
        ("train-000002.tar", 1, "train"),
        ("val-000000.tar", 2, "val"),
    ]
    coco, seen = COCO(planted.instances), []
    for sample in samples(written):
        told = json.loads(sample["json"])
        image = coco.imgs[told["image"]["id"]]
        assert sample["__url__"].rpartition("/")[2].startswith("val") == (image["id"] % 3 == 0)
        assert told["annotations"] == coco.imgToAnns[image["id"]]
        for name, suffix in FILES.items():
            key = f"{name}{suffix}"
            assert sample[key] == f"{sample['__key__']}.{key}".encode()
        seen.append(image["id"])
    assert sorted(seen) == sorted(coco.imgs)


def test_shards_see_half_a_pixel(
    planted: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = json_text.dumps

    def shifted(value: Any) -> str:
        for record in value["annotations"]:
            record["bbox"] = [record["bbox"][0] - 0.5, *record["bbox"][1:]]
        return right(value)

    monkeypatch.setattr("renderer.export.webdataset.dumps", shifted)
    write_shards(planted.root, tmp_path, 3)
    coco = COCO(planted.instances)
    records = [json.loads(sample["json"])["annotations"] for sample in samples(tmp_path)]
    assert records != [coco.imgToAnns[number] for number in coco.imgs]


def test_shards_of_a_split_are_of_one_side(crowd: Path, tmp_path: Path) -> None:
    shares = {"train": 0.75, "val": 0.25}
    choice = export_of({"format": "webdataset", "shard_images": 4, "split": shares})
    export(Layout(crowd), choice, tmp_path)
    index = json.loads((tmp_path / "index.json").read_text())
    assert [(each["name"], each["split"], each["images"]) for each in index["shards"]] == [
        ("train-000000.tar", "train", 4),
        ("train-000001.tar", "train", 2),
        ("val-000000.tar", "val", 2),
    ]
    whole = {each["__key__"] for each in samples(tmp_path)}
    assert len(whole) == 8
    for shard in index["shards"]:
        content = (tmp_path / shard["name"]).read_bytes()
        assert hashlib.blake2b(content, digest_size=16).hexdigest() == shard["blake2b"]
