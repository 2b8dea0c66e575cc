"""Runs: same bytes however they went; nothing lost, nothing twice; kills, failures, refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from renderer.dataset.layout import Layout
from renderer.dataset.parts import PartIndex
from renderer.dataset.storage import machine_name
from renderer.farm.scheduler import _spool
from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe


def start(recipe: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # A group of its own, that signals can be sent to.
    return subprocess.Popen([*command, *more], start_new_session=True, **quiet)  # type: ignore[call-overload,no-any-return]


def wait_for_images(out: Path, count: int) -> None:
    for _ in range(1200):
        if len(list(out.glob("images/*.png"))) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("no images appeared")


def wait_for_event(out: Path, event: str) -> None:
    for _ in range(1200):
        if any(f'"{event}"' in path.read_text() for path in out.glob("logs/run-*.jsonl")):
            return
        time.sleep(0.05)
    raise AssertionError(f"no {event}")


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_bytes_do_not_depend_on_chunks_or_threads(
    crowd: Path, solids: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    out = tmp_path / "out"
    result = orbitset("render", recipe, "-o", out, "--chunk", 3, "--threads", 1)
    assert result.returncode == 0, result.stderr
    assert contents(out) == contents(crowd)


def test_killed_scheduler_resumes_to_the_same_bytes(
    crowd: Path, solids: Path, tmp_path: Path
) -> None:
    """kill -9 of the scheduler in the middle, twice; its worker goes with it."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    for count in (2, 5):
        process = start(recipe, out, "--chunk", "2")
        wait_for_images(out, count)
        mine = workers(process)
        process.kill()
        process.wait()
        psutil.wait_procs(mine, timeout=10)
        assert not [
            worker for worker in mine if worker.is_running() and worker.status() != "zombie"
        ]
    assert not (out / "manifest.json").exists()
    done = len(PartIndex(Layout(out)).done())
    result = orbitset("render", recipe, "-o", out)
    assert result.returncode == 0, result.stderr
    assert f"{done} images are done" in result.stderr
    assert contents(out) == contents(crowd)


def test_worker_goes_with_its_scheduler(solids: Path, tmp_path: Path) -> None:
    """In the middle of a shot of half a minute, so that nothing else ends it."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start(recipe, out, "--samples", "60000")
    wait_for_event(out, "start")
    time.sleep(1)
    (worker,) = workers(process)
    process.kill()
    process.wait()
    gone, _ = psutil.wait_procs([worker], timeout=3)
    assert gone == [worker]


def test_killed_worker_is_replaced(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start(recipe, out, "--chunk", "4")
    wait_for_images(out, 2)
    for worker in workers(process):
        worker.kill()
    assert process.wait(120) == 0
    assert contents(out) == contents(crowd)


def interrupted(process: subprocess.Popen[str], signals: list[int]) -> tuple[int, str]:
    """Send a run some signals; return its exit code and stderr."""
    for number in signals:
        process.send_signal(number)
        time.sleep(0.3)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def start_loud(recipe: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    return subprocess.Popen(
        [*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def test_first_signal_finishes_the_running_shots(solids: Path, tmp_path: Path) -> None:
    """SIGTERM in a long job: it ends early, all that was finished is in parts, nothing is merged."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start_loud(recipe, out, "--images", "2000", "--chunk", "2000")
    wait_for_images(out, 2)
    code, errors = interrupted(process, [signal.SIGTERM])
    assert code == 128 + signal.SIGTERM
    assert "To go on: python" in errors
    assert "--images 2000" in errors
    assert "Traceback" not in errors
    parts, images = PartIndex(Layout(out)), list(out.glob("images/*.png"))
    assert 2 <= len(parts.done()) < 2000
    assert len(images) == len(parts.done())
    assert not (out / "manifest.json").exists()


def test_second_signal_stops_at_once(crowd: Path, solids: Path, tmp_path: Path) -> None:
    """The shot takes minutes, so only the second SIGINT can have ended it; the run resumes."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start_loud(recipe, out, "--samples", "60000", "--images", "1")
    wait_for_event(out, "start")
    code, errors = interrupted(process, [signal.SIGINT, signal.SIGINT])
    assert code == 128 + signal.SIGINT
    assert "stopped at once" in errors
    assert "Traceback" not in errors
    assert not list(out.glob("images/*"))


def test_more_images_extend_a_dataset(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    assert orbitset("render", recipe, "-o", out, "--images", 3).returncode == 0
    times = {path: path.stat().st_mtime_ns for path in out.glob("images/*")}
    assert orbitset("render", recipe, "-o", out).returncode == 0
    assert all(path.stat().st_mtime_ns == when for path, when in times.items())
    assert contents(out) == contents(crowd)
    fewer = orbitset("render", recipe, "-o", out, "--images", 3)
    assert fewer.returncode == 2
    assert "already holds image 7" in fewer.stderr


def test_lost_image_is_rendered_again(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    assert orbitset("render", recipe, "-o", out).returncode == 0
    (out / "images" / "00000004.png").unlink()
    dead = subprocess.Popen(["true"])
    dead.wait()
    name = f".00000002.png.{machine_name()}.{dead.pid}.orbitset-draft"
    (out / "images" / name).write_bytes(b"draft of a killed process")
    alive = out / "images" / f".00000003.png.{machine_name()}.{os.getpid()}.orbitset-draft"
    alive.write_bytes(b"draft of a scheduler of another shard")
    foreign = [out / ".env.production.local", out / "images" / ".sheet.png.swp"]
    for path in foreign:
        path.write_text("somebody's")
        os.utime(path, (0, 0))
    assert orbitset("render", recipe, "-o", out).returncode == 0
    assert alive.exists()
    assert not (out / "images" / name).exists()
    for path in [alive, *foreign]:
        path.unlink()
    assert contents(out) == contents(crowd)


def test_another_recipe_is_refused(solids: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    small = {**CROWD, "images": 1}
    recipe = write_recipe(tmp_path / "r", small, solids)
    assert orbitset("render", recipe, "-o", out).returncode == 0
    before = contents(out)
    changed = write_recipe(tmp_path / "r", {**small, "accept": {"tries": 60}}, solids)
    result = orbitset("render", changed, "-o", out)
    assert result.returncode == 2
    assert "was begun with another recipe (accept.tries: 50 became 60)" in result.stderr
    assert contents(out) == before
    (tmp_path / "r" / "recipe.yaml").write_text(json.dumps(small))
    (tmp_path / "r" / "ball.ply").write_bytes((solids / "sheet.ply").read_bytes())
    result = orbitset("render", tmp_path / "r" / "recipe.yaml", "-o", out)
    assert result.returncode == 2
    assert "other asset files" in result.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    result = orbitset("render", recipe, "-o", tmp_path / "full")
    assert result.returncode == 2
    assert "is not empty" in result.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_second_scheduler_is_refused(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start(recipe, out, "--images", "2000")
    wait_for_images(out, 1)
    second = orbitset("render", recipe, "-o", out, "--images", 2000)
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert second.returncode == 1
    assert "another process renders into" in second.stderr


def test_failing_shots_are_recorded_and_the_others_finish(solids: Path, tmp_path: Path) -> None:
    """One photo of two is damaged: its shots fail with the cause, the exit code says so."""
    from PIL import Image

    folder = tmp_path / "r"
    data = {**CROWD, "background": {"image": "photos/*.png"}}
    recipe = write_recipe(folder, data, solids)
    (folder / "photos").mkdir()
    Image.new("RGB", (200, 100), "teal").save(folder / "photos" / "good.png")
    (folder / "photos" / "bad.png").write_bytes(b"not an image")
    out = tmp_path / "out"
    result = orbitset("render", recipe, "-o", out, "--json")
    assert result.returncode == 1
    summary = json.loads(result.stdout)
    assert 0 < summary["images"] < 8
    assert summary["images"] + len(summary["failed"]) == 8
    assert all("photos/bad.png cannot be read" in item["cause"] for item in summary["failed"])
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["failed"] == summary["failed"]
    assert str(tmp_path) not in (out / "manifest.json").read_text()
    assert f"{len(summary['failed'])} shot" in (out / "report.html").read_text()
    assert orbitset("dataset", "validate", out).returncode == 0


def test_a_signal_to_the_whole_group_does_not_reach_the_workers(
    solids: Path, tmp_path: Path
) -> None:
    """A terminal's Ctrl-C, Slurm's SIGTERM: the scheduler decides, its images are finished."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    assert orbitset("recipe", "check", recipe).returncode == 0  # no imports: its first process
    process = start(recipe, out, "--images", "2000", "--devices", "cpu", "--per-device", "1")
    wait_for_images(out, 3)
    (worker,) = workers(process)
    blocked = Path(f"/proc/{worker.pid}/status").read_text().partition("SigBlk:")[2].split()[0]
    for number in (signal.SIGINT, signal.SIGTERM):
        assert int(blocked, 16) >> (number - 1) & 1
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM
    events = [json.loads(line) for p in out.glob("logs/run-*") for line in p.open()]
    assert not [event for event in events if event["event"] in ("died", "hung")]


def test_the_spools_of_killed_schedulers_go_and_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    here, dead = machine_name(), subprocess.Popen(["true"])
    dead.wait()
    ours = tmp_path / f"orbitset-run-{here}-{dead.pid}-abcdefgh"
    others = [
        tmp_path / f"orbitset-run-{here}-{os.getpid()}-abcdefgh",
        tmp_path / f"orbitset-run-{here}-4026532999-77-abcdefgh",
        tmp_path / f"orbitset-run-{here}-91234-4242-abcdefgh",
    ]
    for folder in (ours, *others):
        folder.mkdir()
    with _spool() as made:
        assert Path(made).parent == tmp_path
        assert not ours.exists()
        assert all(folder.exists() for folder in others)
