"""The shape of the code: quick imports without bpy, short files, telling names."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import REPOSITORY

ROOMS = (
    "recipe",
    "asset",
    "plan",
    "effects",
    "truth",
    "imaging",
    "dataset",
    "export.write",
    "pipeline",
    "farm",
    "commands.app",
)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_without_bpy_in_half_a_second(room: str) -> None:
    """CPU time inside a fresh interpreter, the best of three: other tests run beside this one."""
    code = (
        "import sys, time; begin = time.process_time();"
        f"import renderer.{room}; took = time.process_time() - begin;"
        "assert 'bpy' not in sys.modules; print(took)"
    )
    times = []
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
        )
        times.append(float(run.stdout))
    assert min(times) < 0.5


def test_files_are_short_and_named_for_their_job() -> None:
    for path in (REPOSITORY / "renderer").rglob("*.py"):
        assert path.read_text().count("\n") <= 330, path
        assert path.stem.rstrip("s") not in {"util", "helper", "common", "misc", "manager"}, path
