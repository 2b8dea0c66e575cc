"""A disk that fills up: the run pauses, goes on by itself, and nothing is damaged."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderer.dataset.storage import DiskError, write_atomic
from renderer.farm.disk import DiskWatch, default_reserve
from tests.conftest import CROWD, contents, orbitset, write_recipe
from tests.farm.test_run import start_loud, wait_for_event

_SIZE = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB, or skip where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("reserve", ["0", "0.0003"])
def test_full_disk_pauses_and_resumes(
    crowd: Path, solids: Path, tmp_path: Path, small_disk: Path, reserve: str
) -> None:
    """Without a reserve workers meet ENOSPC itself; with one the run pauses before."""
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    ballast = small_disk / "ballast"
    free = 60_000 if reserve == "0" else 300_000
    out = small_disk / "out"
    (out / "logs").mkdir(parents=True)
    ballast.write_bytes(b"\0" * (_SIZE - free))
    process = start_loud(recipe, out, "--min-free-gb", reserve, "--ignore-space", "--chunk", "2")
    wait_for_event(out, "paused")
    time.sleep(1.5)
    assert process.poll() is None
    assert not (out / "manifest.json").exists()
    ballast.unlink()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert "paused: the disk " in errors
    assert "going on" in errors
    assert contents(out) == contents(crowd)
    assert orbitset("dataset", "validate", out).returncode == 0
    assert not [path for path in out.rglob(".*") if path.is_file()]


def test_no_room_for_the_merge_is_waited_for(
    crowd: Path, solids: Path, tmp_path: Path, small_disk: Path
) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), small_disk / "out"
    assert orbitset("render", recipe, "-o", out, "--ignore-space").returncode == 0
    for name in ("report.html", "shots.jsonl", "annotations/instances.json", "manifest.json"):
        (out / name).unlink()
    ballast = small_disk / "ballast"
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    ballast.write_bytes(b"\0" * (free - 20_000))
    process = start_loud(recipe, out, "--ignore-space", "--min-free-gb", "0")
    assert process.stderr is not None
    said = process.stderr.readline()
    while said and "no room to merge the dataset" not in said:
        said = process.stderr.readline()
    assert said, "it ended without a word on the disk"
    ballast.unlink()
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert contents(out) == contents(crowd)


def test_default_reserve_and_hysteresis(tmp_path: Path) -> None:
    assert 0 < default_reserve(tmp_path) <= 1 << 30
    watch = DiskWatch(tmp_path, reserve=1 << 60)
    assert watch.look()
    assert watch.paused
    assert not watch.look()  # not so soon again
    assert DiskError(errno.ENOSPC, "").full
    assert DiskError(errno.EDQUOT, "").full
    assert not DiskError(errno.EROFS, "").full


def test_small_content_that_does_not_fit_is_a_full_disk(small_disk: Path) -> None:
    """Less than a buffer: only the flush finds out, and closing the file would try it again."""
    free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
    (small_disk / "ballast").write_bytes(b"\0" * free)
    with pytest.raises(DiskError) as caught:
        write_atomic(small_disk / "note.json", b"{}" * 100)
    assert caught.value.full
    assert caught.value.filename == str(small_disk / "note.json")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]
