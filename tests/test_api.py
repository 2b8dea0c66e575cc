"""The Python API: its own example is run, and errors are sentences."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from renderer import api
from renderer.errors import UserError
from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe


def test_its_example_runs_as_written(tmp_path: Path) -> None:
    """And gives the bytes that the commands give."""
    shown = re.search(r"python\n\n((?:    .*\n|\n)+)", str(api.__doc__))
    assert shown is not None
    lines = textwrap.dedent(shown[1]).replace('"scenes/', f'"{REPOSITORY}/scenes/')
    example = f"if __name__ == '__main__':\n{textwrap.indent(lines, '    ')}"
    (tmp_path / "example.py").write_text(example)
    done = subprocess.run(
        [sys.executable, "example.py"],
        cwd=tmp_path,
        env={**__import__("os").environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2  # a line a shot
    assert (tmp_path / "out/yolo/data.yaml").exists()
    scene, out = REPOSITORY / "scenes/quickstart.yaml", tmp_path / "by-command"
    orbitset("render", scene, "-o", out, "--images", 2, "--samples", 2)
    assert contents(out) == contents(tmp_path / "out/two")


def test_a_preview_has_pictures_with_labels(tmp_path: Path, solids: Path) -> None:
    recipe = api.load(write_recipe(tmp_path, CROWD, solids))
    images = api.preview(recipe, count=2, width=64, samples=1)
    assert [each.shot for each in images] == [0, 1]
    assert images[0].picture.size == (64, 48)
    assert images[0].labelled is not None
    assert len(images[0].labelled.annotations) >= 1


def test_mistakes_are_sentences(tmp_path: Path, solids: Path, crowd: Path) -> None:
    path = write_recipe(tmp_path, CROWD, solids)
    with pytest.raises(UserError, match="engine: 'cycles', 'eevee' or 'workbench'"):
        api.load(path, engine="luxcore")
    with pytest.raises(UserError, match="no shot -1"):
        list(api.plan(api.load(path), [-1]))
    with pytest.raises(TypeError):
        api.render(api.load(path), None)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no such file"):
        api.load(
            write_recipe(
                tmp_path, {**CROWD, "objects": [{"asset": "x.ply", "category": "x"}]}, solids
            )
        )
    with pytest.raises(UserError, match="yolo"):
        api.export(crowd, "yollo", tmp_path / "e")
    with pytest.raises(UserError, match="split"):
        api.export(crowd, "yolo", tmp_path / "e", split=3)
