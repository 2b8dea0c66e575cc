"""Runs into an object store: a real S3 server, throttled, failing, and killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe
from tests.farm.object_store import BUCKET, keys, object_store, stored


def test_a_faulty_store_gets_the_same_bytes(crowd: Path, solids: Path, tmp_path: Path) -> None:
    """Some of all requests are refused (503, 500); five shards, merged there."""
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    with object_store(share=0.06) as (environment, faulty, client):
        there: Any = {"env": {**os.environ, **environment}}
        for shard in ("0/5", "1/5", "2/5", "3/5", "4/5"):
            done = orbitset("render", recipe, "-o", f"s3://{BUCKET}/run", "--shard", shard, **there)
            assert done.returncode == 0, done.stderr
        before = keys(client, "run/")
        assert not [key for key in before if key.endswith("manifest.json")]
        merged = orbitset("dataset", "merge", f"s3://{BUCKET}/run", **there)
        assert merged.returncode == 0, merged.stderr
        assert faulty.refused > 5
        valid = orbitset("dataset", "validate", f"s3://{BUCKET}/run", **there)
        assert valid.returncode == 0, valid.stderr
        assert "8 scenes ray cast anew" in valid.stdout
        status = orbitset("farm", "status", f"s3://{BUCKET}/run", "--json", **there)
        found = json.loads(status.stdout)
        assert (found["state"], found["done"], found["schedulers"]) == ("finished", 8, 0)
        assert stored(client, "run/") == contents(crowd)


def test_killed_run_resumes(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    with object_store() as (environment, _, client):
        there: Any = {"env": {**os.environ, **environment}}
        command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe)]
        process = subprocess.Popen(
            [*command, "-o", f"s3://{BUCKET}/run", "--chunk", "2"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **there,
        )
        for _ in range(600):
            if len(keys(client, "run/parts/0")) >= 2:
                break
            time.sleep(0.05)
        process.kill()
        process.wait()
        assert not [key for key in keys(client) if "manifest" in key]
        again = orbitset("render", recipe, "-o", f"s3://{BUCKET}/run", **there)
        assert again.returncode == 0, again.stderr
        assert "images are done" in again.stderr
        assert stored(client, "run/") == contents(crowd)


def test_a_partial_upload_is_never_visible(tmp_path: Path) -> None:
    """kill -9 in the middle of a large put: its key is not there."""
    code = (
        "import sys; from renderer.dataset.storage import open_atomic, open_root\n"
        f"with open_atomic(open_root('s3://{BUCKET}/run') / 'big.tar') as file:\n"
        "    for _ in range(160): file.write(bytes(1 << 20))\n"
        "    print('putting', flush=True)\n"
    )
    with object_store() as (environment, faulty, client):
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, **environment, "PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"putting\n"
        before = faulty.asked
        while faulty.asked < before + 2:  # it has begun
            time.sleep(0.001)
        process.kill()
        process.wait()
        assert keys(client) == []
        whole = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **environment, "PYTHONPATH": str(REPOSITORY)},
            check=False,
        )
        assert whole.returncode == 0
        assert client.head_object(Bucket=BUCKET, Key="run/big.tar")["ContentLength"] == 160 << 20


@pytest.mark.parametrize(
    ("output", "change", "said"),
    [
        ("s3://no-such-bucket/run", {}, "no-such-bucket"),
        ("nfs://server/run", {}, "nfs://server/run"),
        (f"s3://{BUCKET}/run", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
)
def test_a_store_that_is_not_there(
    solids: Path, tmp_path: Path, output: str, change: dict[str, str], said: str
) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    with object_store() as (environment, _, _):
        result = orbitset(
            "render", recipe, "-o", output, env={**os.environ, **environment, **change}
        )
    assert result.returncode in (1, 2)
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "error:" in result.stderr
