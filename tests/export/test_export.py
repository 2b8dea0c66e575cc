"""The way of an export: whole or not at all, nothing of others lost, every refusal a sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from renderer import api
from renderer.commands.app import app
from renderer.dataset.layout import Layout
from renderer.dataset.storage import machine_name
from renderer.registry import FORMATS
from tests.conftest import REPOSITORY, contents, orbitset
from tests.dataset.edits import edit
from tests.farm.object_store import BUCKET, keys, object_store, stored


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["dataset", "export", *map(str, words)])


def export(dataset: Path, target: Path, *words: object) -> Result:
    result = run(dataset, "--format", "yolo", "-o", target, *words)
    assert result.exit_code == 0, result.output
    return result


def test_formats_are_listed_with_their_options() -> None:
    said = run("--list").output
    assert "yolo: Boxes for Ultralytics" in said
    assert "--option shard_images=...  Images a shard; the last has fewer. [default: 1000]" in said
    assert "orbitset dataset export out/mugs --format yolo -o mugs-yolo" in said
    told = json.loads(run("--list", "--json").stdout)
    assert told["yolo"]["needs"] == ["box"]
    assert told["webdataset"]["carries"] is None
    assert told["webdataset"]["options"]["shard_images"]["minimum"] == 1


KNOWN = " or ".join(f"'{name}'" for name in FORMATS.names())
REFUSED: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "name a dataset and a --format"),
    "unknown format": (
        ["--format", "yollo"],
        f'--format: "yollo" is not one of {KNOWN} (did you mean `yolo`?)',
    ),
    "unknown option": (
        ["--format", "webdataset", "--option", "shard_imags=3"],
        "--option shard_imags: unknown key (did you mean `shard_images`?)",
    ),
    "option of a format without": (
        ["--format", "yolo", "--option", "shards=3"],
        "--option shards: unknown key",
    ),
    "option of the command": (
        ["--format", "yolo", "--option", "split=3"],
        "--option split: it is given twice, or has an option of its own",
    ),
    "shares": (
        ["--format", "yolo", "--split", "train=0.8,val=0.1"],
        '--split: {"train": 0.8, "val": 0.1}: the shares sum to 0.9, and must sum to 1',
    ),
    "share": (["--format", "yolo", "--split", "a=x,b=1"], '--split a: "x": must be a number'),
    "share below": (
        ["--format", "yolo", "--split", "a=-1,b=2"],
        "--split a: -1.0: must be greater than 0",
    ),
    "share that is none": (
        ["--format", "yolo", "--split", "a=nan,b=1"],
        "--split a: ",
    ),
    "side without share": (
        ["--format", "yolo", "--split", "train"],
        "write each side with its share: train=0.8,val=0.1,test=0.1",
    ),
    "side twice": (["--format", "yolo", "--split", "a=0.5,a=0.5"], "the side a is given twice"),
    "name of a side": (
        ["--format", "yolo", "--split", "../a=1"],
        "the name '../a' may hold up to 64 letters, digits, '_' and '-'",
    ),
    "capitals": (
        ["--format", "yolo", "--split", "a=0.5,A=0.5"],
        "two names differ in capital letters alone",
    ),
    "by without split": (["--format", "yolo", "--by", "asset"], '--by: "asset": there is no split'),
    "unknown by": (
        ["--format", "yolo", "--split", "a=1", "--by", "sceen"],
        "(did you mean `scene`?)",
    ),
    "value": (
        ["--format", "webdataset", "--option", "shard_images=0"],
        "--option shard_images: 0: must be greater than or equal to 1",
    ),
    "value of another kind": (
        ["--format", "webdataset", "--option", "shard_images=many"],
        '--option shard_images: "many": must be a whole number',
    ),
    "value that YAML reads otherwise": (
        ["--format", "webdataset", "--option", "shard_images=010"],
        "--option shard_images: ",
    ),
    "no value": (["--format", "webdataset", "--option", "shard_images"], "write key=value"),
    "twice": (
        ["--format", "webdataset", "--option", "shard_images=1", "--option", "shard_images=2"],
        "--option shard_images: it is given twice",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_command_is_one_sentence(crowd: Path, case: str) -> None:
    words, said = REFUSED[case]
    result = run(crowd, *words)
    assert result.exit_code == 2
    (line,) = result.output.splitlines()
    assert said in line


def unfinished(copy: Path) -> None:
    (copy / "manifest.json").unlink()


def without_boxes(copy: Path) -> None:
    edit(copy / "manifest.json", lambda data: data.update(labels={"mask": {}}))


def of_other_length(copy: Path) -> None:
    edit(copy / "manifest.json", lambda data: data.update(images=9))


@pytest.mark.parametrize(
    ("damage_it", "said"),
    [
        (unfinished, "is not finished: run the same render command again"),
        (without_boxes, "has no box labels, which the format yolo needs"),
        (of_other_length, "manifest.json tells of 9 images, and annotations/instances.json of 8"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_a_dataset_that_does_not_do_is_refused(
    copy: Path, tmp_path: Path, damage_it: Callable[[Path], None], said: str, dry: bool
) -> None:
    damage_it(copy)
    words = ["--dry-run"] if dry else []
    result = run(copy, "--format", "yolo", "-o", tmp_path / "target", *words)
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "target").exists()


def test_a_target_with_other_things_is_refused(crowd: Path, copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"

    def refused(said: str, name: str = "yolo", to: Path = target) -> None:
        before = contents(tmp_path)
        result = run(copy, "--format", name, "-o", to)
        assert (result.exit_code, len(result.output.splitlines())) == (2, 1), result.output
        assert said in result.output
        assert contents(tmp_path) == before

    target.write_text("mine")
    refused("is a file, and an export is a folder")
    target.unlink()
    target.mkdir()
    (target / "notes.txt").write_text("mine")
    refused("is not empty, and holds no export of orbitset")
    (target / "notes.txt").unlink()
    export(copy, target)
    refused("holds an export in the format yolo", "webdataset")
    (target / "runs").mkdir()
    (target / "runs/best.pt").write_text("mine")
    refused("holds runs, which the export there did not write")
    for inside in (copy, copy / "images", copy / "exports", copy / "new"):
        refused("is inside the dataset", to=inside)
    shutil.rmtree(target / "runs")
    (target / "labels.cache").write_text("of the trainer")
    (target / "labels/00000000.txt").write_text("7 7 7 7 7")
    export(copy, target)  # what it wrote, and what readers put beside it, is replaced
    export(crowd, tmp_path / "fresh")
    assert contents(target) == contents(tmp_path / "fresh")


def test_a_dry_run_writes_nothing_and_tells_the_same(crowd: Path, tmp_path: Path) -> None:
    before = contents(crowd)
    for name in ("yolo", "webdataset"):
        words = (crowd, "--format", name, "-o", tmp_path / name, "--json")
        told = json.loads(run(*words, "--dry-run").stdout)
        assert not (tmp_path / name).exists()
        done = json.loads(run(*words).stdout)
        assert told == {**done, "written": False}
    size = sum(path.stat().st_size for path in (tmp_path / "webdataset").rglob("*.*"))
    size -= (tmp_path / "webdataset/export.json").stat().st_size
    said = run(crowd, "--format", "webdataset", "-o", tmp_path / "other", "--dry-run").output
    assert f"({size / 1e3:.0f} kB)" in said
    assert contents(crowd) == before


@pytest.mark.parametrize("name", FORMATS.names())
def test_a_dry_run_of_every_format_tells_the_same(
    everything: Layout, tmp_path: Path, name: str
) -> None:
    words = (everything.root, "--format", name, "-o", tmp_path / name, "--json")
    split = ("--split", "train=0.5,val=0.5", "--by", "scene")
    told = json.loads(run(*words, *split, "--dry-run").stdout)
    assert not (tmp_path / name).exists()
    done = json.loads(run(*words, *split).stdout)
    assert told == {**done, "written": False}
    assert sum(side["images"] for side in done["splits"].values()) == done["images"]


def test_what_came_of_it_is_told_in_a_table(planted: Layout, tmp_path: Path) -> None:
    words = (planted.root, "--format", "yolo", "-o", tmp_path / "yolo")
    split = ("--split", "train=0.5,val=0.3,test=0.2")
    said = run(*words, *split).output
    assert "7 images with 10 of their 11 objects in" in said
    rows = [line.split() for line in said.splitlines()]
    found = {row[0]: row[1:] for row in rows if row}
    told = json.loads((tmp_path / "yolo/export.json").read_text())["splits"]
    for side, share in (("train", "0.5"), ("val", "0.3"), ("test", "0.2")):
        images = len(list((tmp_path / "yolo/images" / side).iterdir()))
        assert told[side]["images"] == images
        objects = str(told[side]["annotations"])
        assert found[side] == [str(images), objects, f"{images / 7:.4f}", "of", share]
    assert found["all"] == ["7", "11"]
    assert "6 more classes" in said
    assert "which YOLO does not know: 1" in said


def test_one_background_has_one_side_and_the_others_are_told_empty(
    planted: Layout, tmp_path: Path
) -> None:
    words = (planted.root, "--format", "csv", "-o", tmp_path / "csv", "--by", "background")
    said = run(*words, "--split", "train=0.5,val=0.5").output
    assert "images of the side val: there was nothing left that is on no other" in said
    assert json.loads((tmp_path / "csv/export.json").read_text())["options"] == {
        "split": {"train": 0.5, "val": 0.5},
        "by": "background",
    }


KILL = """
import os, signal, sys
from renderer.export import publish, target
from renderer.commands.app import main
count = 0
def dying(call):
    def counted(*words, **named):
        global count
        count += 1
        if count == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*words, **named)
    return counted
{what} = dying({what})
sys.argv = ["orbitset", "dataset", "export", *{words!r}]
main()
"""


@pytest.mark.parametrize(
    ("what", "at"),
    [
        ("target.FolderTarget.write", 4),  # while labels are written
        ("publish._write_summary", 1),  # all is written, and nothing moved
        ("os.rename", 1),
        ("os.rename", 3),  # a part of it has been moved
        ("publish._write_summary", 2),  # all has been moved
    ],
)
@pytest.mark.parametrize("former", [False, True])
def test_a_killed_export_never_looks_whole(
    crowd: Path, tmp_path: Path, what: str, at: int, former: bool
) -> None:
    whole, target = tmp_path / "whole", tmp_path / "target"
    export(crowd, whole)
    if former:
        export(crowd, target)
    words = [str(crowd), "--format", "yolo", "-o", str(target)]
    code = KILL.format(what=what, at=at, words=words)
    killed = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    said = target / "export.json"
    if said.exists() and json.loads(said.read_text())["finished"]:
        assert former
        hidden = [path for path in target.iterdir() if path.name.startswith(".")]
        for path in hidden:
            shutil.rmtree(path)
        assert contents(target) == contents(whole)  # still the former one
    export(crowd, target)
    assert contents(target) == contents(whole)
    assert not list(target.glob(".*"))


def test_drafts_of_the_dead_are_swept_and_of_the_living_kept(crowd: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    dead = target / f".export.{machine_name()}.{2**22 + 1}.orbitset-draft"
    living = target / f".export.{machine_name()}.1.orbitset-draft"
    for draft in (dead, living):
        (draft / "images").mkdir(parents=True)
    export(crowd, target)
    assert living.exists()
    assert not dead.exists()


def test_a_full_disk_leaves_the_former_export(crowd: Path, tmp_path: Path) -> None:
    words = (crowd, "--format", "webdataset", "-o", tmp_path / "target")
    assert run(*words).exit_code == 0
    before = contents(tmp_path)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, -1))\n"
        "from renderer.commands.app import main\n"
        f"sys.argv = ['orbitset', 'dataset', 'export', *{list(map(str, words))!r}]; main()"
    )
    full = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert full.returncode == 1
    assert "000000.tar: File too large" in full.stderr
    assert contents(tmp_path) == before


def test_pictures_are_links_and_copies_where_they_cannot_be(
    crowd: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(crowd, tmp_path / "links")
    picture = crowd / "images/00000003.png"
    assert os.path.samefile(picture, tmp_path / "links/images/00000003.png")

    def refuse(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    export(crowd, tmp_path / "copies")
    assert not os.path.samefile(picture, tmp_path / "copies/images/00000003.png")
    assert contents(tmp_path / "links") == contents(tmp_path / "copies")


def test_from_and_to_an_object_store(crowd: Path, tmp_path: Path) -> None:
    for name in ("yolo", "webdataset"):
        assert run(crowd, "--format", name, "-o", tmp_path / name).exit_code == 0
    with object_store() as (environment, _, client):
        there: Any = {"env": {**os.environ, **environment}}
        for path in crowd.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"run/{path.relative_to(crowd)}")
        root = f"s3://{BUCKET}"
        for name in ("yolo", "webdataset"):
            words = ("dataset", "export", f"{root}/run", "--format", name, "-o", f"{root}/{name}")
            for _ in range(2):  # the second replaces the first
                done = orbitset(*words, **there)
                assert done.returncode == 0, done.stderr
            assert stored(client, f"{name}/") == contents(tmp_path / name)
        client.put_object(Bucket=BUCKET, Key="yolo/mine.txt", Body=b"mine")
        refused = orbitset(
            "dataset", "export", crowd, "--format", "yolo", "-o", f"{root}/yolo", **there
        )
        assert refused.returncode == 2
        assert "holds mine.txt" in refused.stderr
        done = orbitset("dataset", "export", f"{root}/run", "--format", "yolo", **there)
        assert done.returncode == 0, done.stderr
        assert "run/exports/yolo/data.yaml" in keys(client)
        valid = orbitset("dataset", "validate", f"{root}/run", "--scenes", 0, **there)
        assert valid.returncode == 0, valid.stderr


FROM_STORE_TO_STORE = """
import sys
from renderer import api
from renderer.registry import FORMATS
for name in FORMATS.names():
    api.export("{root}/all", name, f"{root}/to/{{name}}", split={split})
"""


def test_every_format_goes_from_store_to_store(everything: Layout, tmp_path: Path) -> None:
    split = {"train": 0.5, "val": 0.3, "test": 0.2}
    with object_store() as (environment, _, client):
        for path in everything.root.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), BUCKET, f"all/{path.relative_to(everything.root)}")
        code = FROM_STORE_TO_STORE.format(root=f"s3://{BUCKET}", split=split)
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for name in FORMATS.names():
            api.export(everything.root, name, tmp_path / name, split=split)
            assert stored(client, f"to/{name}/") == contents(tmp_path / name), name
