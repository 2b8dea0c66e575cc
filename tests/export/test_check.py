"""Exports in a dataset are compared with what it gives now."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from renderer.commands.app import app


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


def test_what_readers_keep_beside_an_export_is_no_finding(copy: Path) -> None:
    """Ultralytics caches what it has read of a folder beside it, of a side's within labels/."""
    assert run("export", copy, "--format", "yolo").exit_code == 0
    damage(copy, "labels.cache", b"of the trainer")
    damage(copy, "labels/train.cache", b"of the trainer")
    good = run("validate", copy, "--scenes", 0)
    assert good.exit_code == 0, good.output
    damage(copy, "labels/other.cache", b"")
    assert (
        "exports/yolo has 1 files that no image has" in run("validate", copy, "--scenes", 0).output
    )
