"""The Ray engine on a real cluster of several nodes (processes of this machine), one of them killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe

# Ray's own: no usage statistics, no token file in the user's home.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that takes no work, and two nodes of one CPU each."""
    for key, value in QUIET.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    from ray.cluster_utils import Cluster

    own = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    own.add_node(num_cpus=1)
    own.add_node(num_cpus=1)
    yield own
    own.shutdown()


def nodes_at_work(out: Path) -> set[str]:
    """The nodes that have begun a job, as the scheduler's journal tells."""
    lines = [line for path in out.glob("logs/run-*") for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines if line.endswith("}")]
    return {event["device"] for event in events if event["event"] == "chunk"}


def test_cluster_that_loses_a_node_gives_the_same_bytes(
    cluster: Any, solids: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "r", {**CROWD, "images": 24}, solids)
    out = tmp_path / "out"
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    # A cache of the scheduler's own: what the nodes render with reaches them through Ray.
    process = subprocess.Popen(
        [*command, "--cluster", cluster.address, "--chunk", "4", "--json"],
        env={**os.environ, "ORBITSET_CACHE": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and len(nodes_at_work(out)) < 2:
        time.sleep(0.02)
    victim = cluster.list_all_nodes()[-1]
    cluster.remove_node(victim, allow_graceful=False)
    printed, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    assert json.loads(printed)["images"] == 24
    assert "Traceback" not in errors

    assert len(nodes_at_work(out)) == 2
    plain = tmp_path / "plain"
    for more in (["--per-device", "2"], ["--per-device", "1"]):  # one slot, two slots
        there = orbitset(
            "render", recipe, "-o", plain, *more, "--images", 12 if "2" in more else 24
        )
        assert there.returncode == 0, there.stderr
    assert contents(out) == contents(plain)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cluster", "127.0.0.1:1"], "--cluster 127.0.0.1:1: no cluster answers there"),
        (["--cluster", "auto", "--cpus", "0"], "a task must take something"),
    ],
)
def test_a_cluster_that_is_not_there(
    solids: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    environment = {**os.environ, **QUIET, "HOME": str(tmp_path), "RAY_ADDRESS": ""}
    result = orbitset("render", recipe, "-o", tmp_path / "out", *options, env=environment)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
