"""The file that a frame of EEVEE or Workbench goes through, where room is short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from renderer.blender.frame_file import frame_file, roomy_folder
from tests.conftest import REPOSITORY, orbitset, write_recipe

FRAME = {
    "name": "workbench",
    "images": 1,
    "objects": [{"asset": "box.ply", "category": "box", "yaw_deg": 0}],
    "camera": {"resolution": [400, 300]},
    "background": {"color": "#3030ff", "shadows": False},
    "render": {"samples": 1, "denoise": False, "engine": "workbench"},
}
ONE_SLOT = ("--devices", "cpu", "--per-device", "1")


def in_namespace(script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that may mount; skip where this machine does not allow it."""
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    if tried.returncode:
        pytest.skip("no mount namespaces here (not root)")
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", script],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def plain(solids: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The picture where nothing is short."""
    folder = tmp_path_factory.mktemp("plain")
    result = orbitset("render", write_recipe(folder, FRAME, solids), "-o", folder / "o", *ONE_SLOT)
    assert result.returncode == 0, result.stderr
    return (folder / "o" / "images" / "00000000.png").read_bytes()


def test_a_small_dev_shm_changes_no_picture(plain: bytes, solids: Path, tmp_path: Path) -> None:
    """A frame of 1.9 MB under a /dev/shm of one, in a TMPDIR of one."""
    recipe, out = write_recipe(tmp_path / "r", FRAME, solids), tmp_path / "out"
    small = tmp_path / "tmp"
    small.mkdir()
    mounts = f"mount -t tmpfs -o size=1m none /dev/shm; mount -t tmpfs -o size=1m none {small}"
    render = f"{sys.executable} {REPOSITORY}/cli.py render {recipe} -o {out} {' '.join(ONE_SLOT)}"
    result = in_namespace(f"{mounts}; TMPDIR={small} {render}")
    assert result.returncode == 0, result.stderr
    assert (out / "images" / "00000000.png").read_bytes() == plain
    assert not [path for path in Path("/dev/shm").iterdir() if path.name.startswith("orbitset")]


def test_a_frame_cut_short_is_no_picture(solids: Path, tmp_path: Path) -> None:
    """No file may be over 1 MB: Blender writes so much, and says nothing."""
    recipe, out = write_recipe(tmp_path / "r", FRAME, solids), tmp_path / "out"
    assert orbitset("recipe", "check", recipe).returncode == 0  # the import needs larger files
    command = f"{sys.executable} {REPOSITORY}/cli.py render {recipe} -o {out} --json"
    limited = ["bash", "-c", f"ulimit -f 1000; {command} {' '.join(ONE_SLOT)}"]
    result = subprocess.run(limited, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 1, result.stderr
    (failed,) = json.loads(result.stdout)["failed"]
    assert "a frame needs 1.9 MB of memory or temporary files" in failed["cause"]
    assert "only 1.0 MB could be written" in failed["cause"]
    assert not list((out / "images").glob("*"))


def test_the_first_folder_with_room_is_taken_and_what_is_short_is_said() -> None:
    script = f"""
mkdir /mnt/small /mnt/large
mount -t tmpfs -o size=1m none /mnt/small
mount -t tmpfs -o size=9m none /mnt/large
cd {REPOSITORY}
{sys.executable} -c '
from pathlib import Path
from renderer.blender.frame_file import roomy_folder
small, large, gone = (Path("/mnt", name) for name in ("small", "large", "gone"))
print(roomy_folder(2_000_000, (gone, small, large)))
roomy_folder(2_000_000, (gone, small))
'
"""
    result = in_namespace(f"mount -t tmpfs none /mnt\n{script}")
    assert result.stdout == "/mnt/large\n"
    said = "a frame needs 2.1 MB for a moment, and /mnt/gone cannot be written and /mnt/small has"
    assert f"UnavailableError: {said} 1.0 MB free: make room, or set TMPDIR" in result.stderr


def test_without_files_in_memory_a_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system that has none."""
    monkeypatch.delattr(os, "memfd_create")
    with frame_file(1000) as path:
        path.write_bytes(b"frame")
        assert path.parent == roomy_folder(1000, (Path("/dev/shm"), tmp_path))
    assert not path.exists()
