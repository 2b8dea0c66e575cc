"""WebDataset shards, read by the library they are named after."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import webdataset

from renderer.dataset.layout import Layout
from renderer.dataset.webdataset import write_shards
from tests.conftest import CROWD, contents, orbitset, write_recipe


def samples(folder: Path) -> list[dict[str, Any]]:
    paths = [str(path) for path in sorted(folder.glob("*.tar"))]
    return list(webdataset.WebDataset(paths, shardshuffle=False, empty_check=False))


def test_shards_hold_every_image_with_its_records(crowd: Path, tmp_path: Path) -> None:
    index = write_shards(Layout(crowd), tmp_path, 3)
    assert [shard["images"] for shard in index["shards"]] == [3, 3, 2]
    assert index == json.loads((tmp_path / "index.json").read_text())
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
    first = write_shards(Layout(crowd), tmp_path / "a", 3)
    assert first == write_shards(Layout(crowd), tmp_path / "b", 3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    for shard in first["shards"]:
        content = (tmp_path / "a" / shard["name"]).read_bytes()
        assert hashlib.blake2b(content, digest_size=16).hexdigest() == shard["blake2b"]
    with tarfile.open(tmp_path / "a" / "000000.tar") as tar:
        assert {(entry.mtime, entry.uid, entry.uname) for entry in tar} == {(0, 0, "")}
    shorter = write_shards(Layout(crowd), tmp_path / "a", 8)
    assert len(shorter["shards"]) == len(list((tmp_path / "a").glob("*.tar"))) == 1


def test_recipe_asks_for_shards(solids: Path, tmp_path: Path) -> None:
    data = {**CROWD, "images": 3, "output": {"webdataset": 2}}
    recipe = write_recipe(tmp_path / "r", data, solids)
    out = tmp_path / "out"
    assert orbitset("render", recipe, "-o", out).returncode == 0
    assert len(samples(out / "webdataset")) == 3
    index = json.loads((out / "webdataset" / "index.json").read_text())
    assert [shard["images"] for shard in index["shards"]] == [2, 1]
    made = orbitset("dataset", "shards", out, "-o", tmp_path / "again", "--images-per-shard", 2)
    assert made.returncode == 0
    assert contents(tmp_path / "again") == contents(out / "webdataset")
    (out / "images" / "00000001.png").unlink()
    lost = orbitset("dataset", "shards", out)
    assert lost.returncode == 1
    assert "00000001.png" in lost.stderr
