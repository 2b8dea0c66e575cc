"""A run that everything happens to ends as one to which nothing does."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe
from tests.farm.chaos import HANG_LIMIT_S, HANGING, HANGS, RAISES, SEGFAULTS
from tests.farm.test_run import workers

CHAOS = {**CROWD, "images": 200, "camera": {"resolution": [64, 48]}, "render": {"samples": 1}}
_SCHEDULER_KILLS = 3
_HANGING_KILLS = 2


def scheduler(recipe: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.farm.chaos", str(recipe), str(out), *more]
    path = {**os.environ, "PYTHONPATH": str(REPOSITORY), HANGING: str(hanging(out))}
    return subprocess.Popen(
        command,
        cwd=REPOSITORY,
        env=path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def hanging(out: Path) -> Path:
    """Where a worker that hangs leaves its number."""
    return out.with_name(f"{out.name}.hanging")


def pick(process: subprocess.Popen[str], out: Path, chance: random.Random, spared: bool) -> Any:
    """A worker to kill; the one that hangs is ``spared`` when it has been killed often enough."""
    there = hanging(out).read_text() if spared and hanging(out).exists() else ""
    return chance.choice([each for each in workers(process) if str(each.pid) != there])


def disturb(recipe: Path, out: Path) -> tuple[int, int, int]:
    """Run to the end, killing a worker every few seconds and the scheduler three times; return the
    exit code and the numbers of kills.
    """
    chance, process, killed, schedulers = random.Random(4), scheduler(recipe, out), 0, 0
    hung = 0
    while process.poll() is None:
        time.sleep(chance.uniform(2.5, 5.0))
        done = len(list(out.glob("images/*.png")))
        if schedulers < _SCHEDULER_KILLS and done > 40 * (schedulers + 1):
            process.kill()
            process.communicate()
            schedulers += 1
            process = scheduler(recipe, out)
            continue
        try:
            # At five kills from outside a shot is given up for them: that is another test.
            victim = pick(process, out, chance, spared=hung >= _HANGING_KILLS)
            victim.kill()
            killed += 1
            hung += hanging(out).exists() and hanging(out).read_text() == str(victim.pid)
        except (psutil.NoSuchProcess, IndexError):
            pass
    process.communicate()
    return process.returncode, killed, schedulers


def test_chaos(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CHAOS, solids)
    harmless, disturbed = tmp_path / "harmless", tmp_path / "disturbed"
    undisturbed = scheduler(recipe, harmless, "--harmless")
    undisturbed.communicate()
    assert undisturbed.returncode == 1
    code, killed, schedulers = disturb(recipe, disturbed)
    assert code == 1
    assert killed >= 3
    assert schedulers == _SCHEDULER_KILLS

    expected, found = contents(harmless), contents(disturbed)
    assert len(list(disturbed.glob("images/*"))) == 197
    told = ("manifest.json", "report.html", "shots.jsonl")  # they tell of the three
    for name in told:
        assert name in found
    assert {k: v for k, v in found.items() if k not in told} == {
        k: v for k, v in expected.items() if k not in told
    }
    three = {SEGFAULTS, HANGS, RAISES}
    assert lines_but(found["shots.jsonl"], three) == lines_but(expected["shots.jsonl"], three)
    manifest = json.loads(found["manifest.json"])
    causes = {item["shot"]: item["cause"] for item in manifest.pop("failed")}
    assert set(causes) == three
    assert "signal 11" in causes[SEGFAULTS]
    assert f"hung: no event for {HANG_LIMIT_S:.0f} s" in causes[HANGS]
    assert causes[RAISES] == f"image {RAISES} cannot be planned"
    before = json.loads(expected["manifest.json"])
    del before["failed"]
    assert manifest == before

    record = json.loads((disturbed / "logs" / "quarantine" / f"{SEGFAULTS:08d}.json").read_text())
    assert record["shot"]["index"] == SEGFAULTS
    crashes = [death for death in record["deaths"] if not death["outside"]]
    assert len({death["worker"] for death in crashes}) >= 2
    assert any("Fatal Python error: Segmentation fault" in death["log"] for death in crashes)
    assert orbitset("dataset", "validate", disturbed).returncode == 0
    status = json.loads(orbitset("farm", "status", disturbed, "--json").stdout)
    assert (status["state"], status["failed"], status["quarantined"]) == ("finished", 3, 2)
    assert status["running"] == 0

    # Another run does not go near the two that kill, `farm retry` does; without faults all is whole,
    # and as where nothing has happened: the faults of the harmless run were in its planner alone.
    assert "failed (the same command" in orbitset("render", recipe, "-o", disturbed).stderr
    for out in (disturbed, harmless):
        retried = orbitset("farm", "retry", out)
        assert retried.returncode == 0, retried.stderr
    assert len(list(disturbed.glob("images/*"))) == 200
    assert contents(disturbed) == contents(harmless)


def lines_but(content: bytes, shots: set[int]) -> list[bytes]:
    return [line for line in content.splitlines() if json.loads(line)["index"] not in shots]
