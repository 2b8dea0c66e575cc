"""The shape of the code: quick imports without bpy, short files, telling names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "renderer"
ROOMS = sorted(
    path.stem
    for path in PACKAGE.iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
)
# Modules of slow libraries (matplotlib, s3fs, scipy.stats): imported where they are first used.
LATE = (
    "renderer.dataset.compare.page",
    "renderer.dataset.compare.plots",
    "renderer.dataset.report",
    "renderer.dataset.s3",
    "renderer.farm.run_estimate",
)
# What other rooms use of `blender/`.
WITHOUT_BPY = (
    "renderer.blender",
    "renderer.blender.libraries",
    "renderer.blender.native_output",
)


def modules_of(room: str) -> list[str]:
    """The modules of a room that anything may import at once."""
    paths = [PACKAGE / f"{room}.py", *(PACKAGE / room).rglob("*.py")]
    names = sorted(module_of(path) for path in paths if path.is_file())
    if room == "blender":
        return [name for name in names if name in WITHOUT_BPY]
    return [name for name in names if not name.startswith(LATE) and not name.endswith(".blender")]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("room", ROOMS)
def test_imports_without_bpy_in_half_a_second(room: str) -> None:
    """CPU time inside a fresh interpreter, the best of three: other tests run beside this one."""
    code = (
        "import sys, time; begin = time.process_time();"
        f"import {', '.join(modules_of(room))}; took = time.process_time() - begin;"
        "assert 'bpy' not in sys.modules; print(took)"
    )
    times = []
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
        )
        times.append(float(run.stdout))
    assert min(times) < 0.5


def test_late_modules_are_there() -> None:
    there = {module_of(path) for path in PACKAGE.rglob("*.py")}
    assert {*LATE, *WITHOUT_BPY} <= there


def test_every_room_is_in_the_map() -> None:
    """docs/architecture.md has a line for each."""
    rows = [
        line.split("|")[1]
        for line in (REPOSITORY / "docs/architecture.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    named = {
        name.strip(" `").removesuffix("/").removesuffix(".py")
        for row in rows
        for name in row.split(",")
    }
    assert named == {room for room in ROOMS if room != "__init__"}


def test_files_are_short_and_named_for_their_job() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert path.read_text().count("\n") <= 300, path
        assert path.stem.rstrip("s") not in {"util", "helper", "common", "misc", "manager"}, path
