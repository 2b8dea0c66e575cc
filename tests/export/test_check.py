"""Exports in a dataset are compared with what it gives now."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from renderer.commands.app import app
from renderer.dataset.layout import Layout
from renderer.dataset.validation import Validation
from renderer.export.check import check_exports
from renderer.export.write import export, exports_folder
from renderer.farm.asset_import import default_cache
from renderer.recipe.exports import export_of
from renderer.registry import FORMATS


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["dataset", *map(str, words)])


def damage(copy: Path, name: str, content: bytes | None) -> None:
    path = copy / "exports/yolo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.unlink()  # a link to the dataset's own picture
    if content is not None:
        path.write_bytes(content)


FAULTS: dict[str, tuple[str, bytes | None, str]] = {
    "changed": ("labels/00000002.txt", b"0 0.5 0.5 1 1\n", "is not what the dataset says"),
    "cut short": ("labels/00000000.txt", b"1", "is not what the dataset says"),
    "without labels": ("labels/00000002.txt", None, "is missing"),
    "a picture": ("images/00000002.png", b"other", "images/00000002.png is not what the dataset"),
    "missing": ("data.yaml", None, "exports/yolo/data.yaml is missing"),
    "more": ("labels/more.txt", b"", "exports/yolo has 1 files that no image has"),
    "unfinished": ("export.json", None, "exports/yolo is not finished"),
    "unknown option": (
        "export.json",
        b'{"options": {"a": 1}, "finished": true}',
        "export.json is damaged (a: unknown key",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_validate_finds_what_is_wrong_with_an_export(copy: Path, case: str) -> None:
    assert run("export", copy, "--format", "yolo").exit_code == 0
    words = ("validate", copy, "--scenes", 0)
    good = run(*words)
    assert good.exit_code == 0, good.output
    name, content, said = FAULTS[case]
    damage(copy, name, content)
    bad = run(*words)
    assert bad.exit_code == 1
    (line,) = [line for line in bad.output.splitlines() if line.startswith("wrong: ")]
    assert said in line


def test_an_export_in_a_split_is_written_anew_and_compared(copy: Path) -> None:
    words = ("--split", "train=0.5,val=0.5", "--by", "background")
    for name in ("yolo", "webdataset"):
        assert run("export", copy, "--format", name, *words).exit_code == 0
    (copy / "exports/yolo/labels/train.cache").write_text("of the trainer")
    good = run("validate", copy, "--scenes", 0)
    assert good.exit_code == 0, good.output
    picture = next((copy / "exports/yolo/images/val").iterdir())
    label = copy / "exports/yolo/labels/val" / f"{picture.stem}.txt"
    for path in (picture, label):
        path.rename(str(path).replace("/val/", "/train/"))
    bad = run("validate", copy, "--scenes", 0)
    assert bad.exit_code == 1
    assert f"exports/yolo/images/val/{picture.name} is missing" in bad.output
    assert "exports/yolo has 2 files that no image has" in bad.output


@pytest.mark.parametrize("layout", ["imagefolder", "parquet"])
def test_validate_agrees_with_an_export_of_either_layout(copy: Path, layout: str) -> None:
    assert run("export", copy, "--format", "hf", "--option", f"layout={layout}").exit_code == 0
    good = run("validate", copy, "--scenes", 0)
    assert good.exit_code == 0, good.output
    lines = {"imagefolder": "train/metadata.jsonl", "parquet": "data/train-00000.parquet"}[layout]
    path = copy / "exports/hf" / lines
    path.write_bytes(path.read_bytes().replace(b"box", b"bax", 1))
    bad = run("validate", copy, "--scenes", 0)
    assert bad.exit_code == 1
    assert f"exports/hf/{lines} is not what the dataset says" in bad.output


def test_every_format_is_written_anew_the_same(everything: Layout, tmp_path: Path) -> None:
    """With sides, some of which one scene does not reach."""
    copy = Layout(tmp_path / "copy")
    shutil.copytree(everything.root, copy.root)
    for name in FORMATS.names():
        choice = export_of({"format": name, "split": {"train": 0.5, "val": 0.3, "test": 0.2}})
        export(copy, choice, exports_folder(copy, name), cache=default_cache())
    validation = Validation()
    check_exports(copy, validation, default_cache())
    assert not validation.findings
    for name in FORMATS.names():
        readme = copy.root / "exports" / name / "README.md"
        readme.write_text(readme.read_text().replace("6 images", "7 images"))
    check_exports(copy, validation, default_cache())
    said = [f"exports/{name}/README.md is not what the dataset says" for name in FORMATS.names()]
    assert sorted(validation.findings) == sorted(said)
