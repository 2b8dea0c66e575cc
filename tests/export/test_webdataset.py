"""WebDataset shards, read by the library they are named after."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import webdataset

from renderer.dataset.layout import Layout
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
