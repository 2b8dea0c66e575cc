"""The Ray executor on a real cluster of several nodes (processes of this machine), one of them killed."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
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
    monkeypatch.setenv("OIDN_DEVICE_CPU", "0")  # obeyed, it would leave no device to denoise on
    from ray.cluster_utils import Cluster

    own = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    own.add_node(num_cpus=1)
    own.add_node(num_cpus=1)
    yield own
    own.shutdown()


def told(out: Path, kind: str) -> list[Any]:
    """The events of a kind in the scheduler's journal."""
    lines = [line for path in out.glob("logs/run-*") for line in path.read_text().splitlines()]
    events = [json.loads(line) for line in lines if line.endswith("}")]
    return [event for event in events if event["event"] == kind]


def nodes_at_work(out: Path) -> set[str]:
    """The nodes that have begun a job."""
    return {event["device"] for event in told(out, "chunk")}


def test_cluster_that_loses_a_node_gives_the_same_bytes(
    cluster: Any, solids: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "r", {**CROWD, "images": 24}, solids)
    out = tmp_path / "out"
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    # A cache of the scheduler's own: what the nodes render with reaches them through Ray.
    process = subprocess.Popen(
        [*command, "--cluster", cluster.address, "--chunk", "4", "--recycle-images", "6", "--json"],
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
    # Processes that are recycled out leave, and Ray begins their next task in a fresh one.
    recycled = {event["worker"]: event["time"] for event in told(out, "recycled")}
    assert recycled
    assert all(e["time"] <= recycled.get(e["worker"], math.inf) for e in told(out, "chunk"))
    plain = tmp_path / "plain"
    for more in (["--per-device", "2"], ["--per-device", "1"]):  # one slot, two slots
        there = orbitset(
            "render", recipe, "-o", plain, *more, "--images", 12 if "2" in more else 24
        )
        assert there.returncode == 0, there.stderr
    assert contents(out) == contents(plain)


def test_a_node_that_does_not_see_the_output_is_set_aside(solids: Path, tmp_path: Path) -> None:
    """Through Ray's client, on a cluster started by its command line; one node has another disk."""
    shared = tmp_path / "shared"
    recipe = write_recipe(shared, {**CROWD, "images": 12}, solids)
    port, client = free_ports(2)
    ray = f"{Path(sys.executable).with_name('ray')} start --block --disable-usage-stats"
    blind = f"mount -t tmpfs none {shared} && exec {ray} --address 127.0.0.1:{port} --num-cpus 1"
    starts = (
        [
            *f"{ray} --head --port {port} --ray-client-server-port {client} --num-cpus 1".split(),
            "--include-dashboard=false",
        ],
        ["unshare", "--mount", "sh", "-c", blind],
    )
    environment = {**os.environ, **QUIET, "HOME": str(tmp_path)}
    nodes: list[subprocess.Popen[bytes]] = []
    try:
        for command in starts:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            nodes.append(subprocess.Popen(command, env=environment, **quiet))  # type: ignore[call-overload]
            wait_for_port(client)
        time.sleep(8)  # for the second to join
        if nodes[1].poll() is not None:
            pytest.skip("no mount namespaces here (not root)")
        out = shared / "out"
        address = f"ray://127.0.0.1:{client}"
        options = ("--cluster", address, "--chunk", "2", "--json")
        result = orbitset("render", recipe, "-o", out, *options, env=environment)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["images"] == 12
        (aside,) = told(out, "set aside")
        assert f"does not see the output {out}: put it on a disk that every node" in aside["cause"]
        assert len(nodes_at_work(out)) == 1
        assert orbitset("dataset", "validate", out).returncode == 0
    finally:
        for node in nodes:
            node.terminate()
        for node in nodes:
            node.wait(30)


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(300):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(port)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


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
