"""Runs: same bytes however they went; nothing lost, nothing twice; kills, failures, refusals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from renderer.dataset.layout import Layout
from renderer.dataset.parts import PartIndex
from renderer.farm.local import chunks_of, render_all
from renderer.farm.worker import WorkerSetup
from renderer.plan import Planner, Shot
from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe

Maker = Callable[..., Planner]


def start(recipe: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    return subprocess.Popen([*command, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_images(out: Path, count: int) -> None:
    for _ in range(1200):
        if len(list(out.glob("images/*.png"))) >= count:
            return
        time.sleep(0.05)
    raise AssertionError("no images appeared")


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
    for _ in range(600):
        if (out / "logs" / "run.jsonl").exists():
            break
        time.sleep(0.05)
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


def test_interrupt_says_how_to_go_on(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    command = [
        sys.executable,
        str(REPOSITORY / "cli.py"),
        "render",
        str(recipe),
        "-o",
        str(out),
        "--chunk",
        "1",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_images(out, 2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again" in errors
    assert "Traceback" not in errors
    assert orbitset("render", recipe, "-o", out).returncode == 0
    assert contents(out) == contents(crowd)


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
    (out / "images" / ".00000002.png.123").write_bytes(b"draft of a killed process")
    assert orbitset("render", recipe, "-o", out).returncode == 0
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
    assert "was begun with another recipe (different: accept)" in result.stderr
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


def test_second_scheduler_is_refused(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    process = start(recipe, out)
    wait_for_images(out, 1)
    second = orbitset("render", recipe, "-o", out)
    process.wait(120)
    assert second.returncode == 2
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
    assert f"{len(summary['failed'])} images failed" in (out / "report.html").read_text()
    assert orbitset("dataset", "validate", out).returncode == 0


@dataclass(frozen=True)
class DeadlyPlanner:
    """Plans like another planner, but kills its process at one image."""

    inner: Planner
    deadly: int

    @property
    def recipe(self) -> Any:
        return self.inner.recipe

    @property
    def cache(self) -> Any:
        return self.inner.cache

    @property
    def folder(self) -> Path:
        return self.inner.folder

    def shot(self, index: int) -> Shot:
        if index == self.deadly:
            os.kill(os.getpid(), signal.SIGSEGV)
        return self.inner.shot(index)


def test_a_shot_that_kills_its_worker_is_given_up(make_planner: Maker, tmp_path: Path) -> None:
    planner = make_planner({**CROWD, "images": 5})
    layout = Layout(tmp_path)
    setup = WorkerSetup(DeadlyPlanner(planner, 2), layout, "cpu", 0)  # type: ignore[arg-type]
    events: list[dict[str, Any]] = []
    render_all(setup, chunks_of(list(range(5)), 3), events.append)
    index = PartIndex(layout)
    assert index.done() == {0, 1, 3, 4}
    assert index.failed() == {2}
    (cause,) = [line["failed"] for line in index.lines() if "failed" in line]
    assert cause == "the render process died in it 2 times"
    assert [event["shots"] for event in events if event["event"] == "died"] == [[0, 1, 2], [2], [2]]
    assert all(event["cause"] == "signal 11" for event in events if event["event"] == "died")
