"""Plans, labels and pictures are what they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY
from tests.golden.scenes import HERE, NAMES

# On a processor of another kind the last bits of light differ, and a pixel by so many levels.
_ELSEWHERE = 3


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it made anew, in a process of its own: there is one Blender scene a process."""
    folder = tmp_path_factory.mktemp("golden")
    command = [sys.executable, "-m", "tests.golden", folder]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_is_planned_as_it_was(name: str, made: Path) -> None:
    file = f"{name}.shots.jsonl"
    assert (made / file).read_text() == (HERE / file).read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_is_rendered_and_labelled_as_it_was(name: str, made: Path) -> None:
    same_kind = (made / "processor.txt").read_text() == (HERE / "processor.txt").read_text()
    if same_kind:
        file = f"{name}.parts.jsonl"
        assert (made / file).read_text() == (HERE / file).read_text()
    pictures = sorted(path.relative_to(HERE) for path in (HERE / name).rglob("*.png"))
    assert len(pictures) == 2
    for path in pictures:
        if same_kind:
            assert (made / path).read_bytes() == (HERE / path).read_bytes()
        before, now = (np.asarray(Image.open(of / path), np.int16) for of in (HERE, made))
        assert np.abs(before - now).max() <= _ELSEWHERE
