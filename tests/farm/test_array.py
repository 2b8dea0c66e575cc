"""Array jobs: shards without communication, their merge, and the scripts that start them."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from renderer.farm.kubernetes import IndexedJob
from renderer.farm.run import RunError, Shard
from renderer.farm.slurm import ShardTask, SlurmArray
from tests.conftest import CROWD, REPOSITORY, contents, orbitset, write_recipe
from tests.farm.test_run import wait_for_images


@pytest.mark.parametrize("images", [1, 4, 7, 100])
def test_shards_are_contiguous_and_even(images: int) -> None:
    spans = [Shard(number, 5).of(images) for number in range(5)]
    assert [index for span in spans for index in span] == list(range(images))
    assert max(map(len, spans)) - min(map(len, spans)) <= 1


@pytest.mark.parametrize("text", ["5/5", "1", "a/b", "-1/4", "1/0", "1/4/2"])
def test_what_is_no_shard(text: str) -> None:
    with pytest.raises(RunError, match="is no shard: give 0/16"):
        Shard.parse(text)


def test_shards_at_once_into_one_folder(crowd: Path, solids: Path, tmp_path: Path) -> None:
    """Five schedulers begin at the same moment in a folder that is not there; one is killed."""
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    shards = [
        subprocess.Popen([*command, "--shard", f"{number}/5"], stderr=subprocess.PIPE, text=True)
        for number in range(5)
    ]
    for _ in range(3000):
        if (out / "parts" / "run.json").exists():
            break
        time.sleep(0.01)
    shards[2].kill()
    for number, shard in enumerate(shards):
        _, errors = shard.communicate(timeout=120)
        assert number == 2 or shard.returncode == 0, errors
    early = orbitset("dataset", "merge", out, "--json")
    lost = json.loads(early.stdout)["missing"]
    assert early.returncode == (1 if lost else 0)
    assert lost in ([], ["3"])
    if lost:
        assert "neither rendered" in orbitset("dataset", "validate", out).stderr
        status = json.loads(orbitset("farm", "status", out, "--json").stdout)
        # Had it come as far as its journal?
        assert status["state"] in ("stopped", "waiting for other shards")
    again = orbitset("render", recipe, "-o", out, "--shard", "2/5")
    assert again.returncode == 0, again.stderr
    merged = orbitset("dataset", "merge", out)
    assert merged.returncode == 0, merged.stderr
    assert contents(out) == contents(crowd)


def test_outputs_of_their_own_are_joined(crowd: Path, solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    shards = [tmp_path / f"s{number}" for number in range(2)]
    for number, out in enumerate(shards):
        assert orbitset("render", recipe, "-o", out, "--shard", f"{number}/2").returncode == 0
    half = orbitset("dataset", "merge", shards[0], "-o", tmp_path / "half")
    assert half.returncode == 1
    assert "4 shots are missing: 4-7" in half.stderr
    result = orbitset("dataset", "merge", *shards, "-o", tmp_path / "whole")
    assert result.returncode == 0, result.stderr
    assert contents(tmp_path / "whole") == contents(crowd)
    grown = orbitset("dataset", "merge", shards[1], "-o", tmp_path / "half")
    assert grown.returncode == 0, grown.stderr
    assert contents(tmp_path / "half") == contents(crowd)

    (shards[1] / "images" / "00000005.png").unlink()
    lost = orbitset("dataset", "merge", *shards, "-o", tmp_path / "lost")
    assert lost.returncode == 1
    assert "1 shot is missing: 5" in lost.stderr


def test_what_cannot_be_merged(crowd: Path, solids: Path, tmp_path: Path) -> None:
    other = write_recipe(tmp_path / "r", {**CROWD, "seed": 6, "images": 1}, solids)
    assert orbitset("render", other, "-o", tmp_path / "other").returncode == 0
    for arguments, said in {
        (crowd, tmp_path / "other"): "several outputs are joined into another",
        (crowd, tmp_path / "other", "-o", tmp_path / "x"): "from different recipes",
        (tmp_path / "r",): "holds no orbitset run",
        (crowd, "-o", tmp_path / "r"): "is not empty and no orbitset run",
    }.items():
        result = orbitset("dataset", "merge", *arguments)
        assert result.returncode == 2
        assert said in result.stderr
        assert "Traceback" not in result.stderr


def slurm_array(recipe: Path, out: Path) -> SlurmArray:
    return SlurmArray(recipe, str(out), shards=4, at_once=2, cpus=1, memory_gb=1, minutes=30)


def test_slurm_script_is_what_slurm_wants(tmp_path: Path) -> None:
    script = slurm_array(Path("/shared/my mugs.yaml"), Path("/shared/out put")).script()
    path = tmp_path / "job.sbatch"
    path.write_text(script)
    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
    assert "#SBATCH --array=0-3%2\n" in script
    assert "#SBATCH --job-name=orbitset-my-mugs\n" in script
    assert (
        "'/shared/my mugs.yaml' -o '/shared/out put' --shard \"$SLURM_ARRAY_TASK_ID/4\"" in script
    )


def test_slurm_script_runs_a_shard_and_stops_in_order(
    crowd: Path, solids: Path, tmp_path: Path
) -> None:
    """Run by bash as Slurm would; its signal near the time limit queues the task anew."""
    recipe, out = write_recipe(tmp_path / "r", {**CROWD, "images": 8}, solids), tmp_path / "out"
    path, queued = tmp_path / "job.sbatch", tmp_path / "queued"
    path.write_text(slurm_array(recipe, out).script())
    (tmp_path / "bin").mkdir()
    scontrol = tmp_path / "bin" / "scontrol"
    scontrol.write_text(f'#!/bin/sh\necho "$@" > {queued}\n')
    scontrol.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SLURM_ARRAY_JOB_ID": "17",
    }
    for number in range(4):
        task = {**environment, "SLURM_ARRAY_TASK_ID": str(number)}
        done = subprocess.run(["bash", path], env=task, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert not queued.exists()
    assert orbitset("dataset", "merge", out).returncode == 0
    assert contents(out) == contents(crowd)

    path.write_text(
        SlurmArray(recipe, str(tmp_path / "long"), shards=1, options="--images 5000").script()
    )
    process = subprocess.Popen(["bash", path], env={**environment, "SLURM_ARRAY_TASK_ID": "0"})
    wait_for_images(tmp_path / "long", 2)
    process.send_signal(10)  # USR1
    assert process.wait(60) == 75
    assert queued.read_text() == "requeue 17_0\n"


@pytest.mark.skipif(shutil.which("sinfo") is None, reason="Slurm is not installed here")
def test_real_slurm(crowd: Path, solids: Path, tmp_path: Path) -> None:
    if subprocess.run(["sinfo"], capture_output=True, check=False).returncode:
        pytest.skip("no Slurm controller answers here")
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    options = ("--shards", 3, "--cpus", 1, "--memory-gb", 1, "--submit")
    script = tmp_path / "job.sbatch"
    result = orbitset("farm", "slurm", recipe, "-o", out, *options, "--script", script, "--json")
    assert result.returncode == 0, result.stderr
    job = json.loads(result.stdout)["job"]
    for _ in range(600):
        queue = subprocess.run(["squeue", "-h", "-j", job], capture_output=True, check=False)
        if not queue.stdout.strip():
            break
        time.sleep(0.2)
    assert orbitset("dataset", "merge", out).returncode == 0
    assert contents(out) == contents(crowd)


def test_no_slurm_is_one_sentence(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    arguments = ("farm", "slurm", recipe, "-o", tmp_path / "out", "--submit", "--script")
    bare = {**os.environ, "PATH": "/nowhere"}
    result = orbitset(*arguments, tmp_path / "job.sbatch", env=bare)
    assert result.returncode == 2
    assert "Slurm did not take the job" in result.stderr
    assert "Traceback" not in result.stderr


def test_kubernetes_job_is_valid() -> None:
    job = IndexedJob(
        name="mugs",
        image="registry/orbitset:1",
        recipe="/data/mugs.yaml",
        output="s3://bucket/mugs",
        shards=16,
        at_once=4,
        gpus=1,
        claim="data",
        secret="s3",
        options="--samples 16",
    )
    body = yaml.safe_load(job.manifest())
    for version in ("1.29", "1.33"):
        kubernetes_validate.validate(body, version, strict=True)
    spec = body["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["completions"], spec["parallelism"], spec["completionMode"]) == (16, 4, "Indexed")
    assert container["args"][-2:] == ["--shard", "$(JOB_COMPLETION_INDEX)/16"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["podFailurePolicy"]["rules"][0]["action"] == "Ignore"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output": "out/mugs"}, "-o out/mugs would be lost with the pod"),
        ({"output": "/data/mugs", "claim": ""}, "-o /data/mugs would be lost with the pod"),
        ({"claim": ""}, "/data/mugs.yaml is on no volume: name the one for /data with --claim"),
        ({"name": "Bad Name_1"}, "--name 'Bad Name_1': Kubernetes wants lower-case letters"),
        ({"image": " "}, "--image is empty"),
    ],
)
def test_kubernetes_jobs_that_would_lose_their_images(change: dict[str, str], said: str) -> None:
    good = {"name": "m", "image": "i", "recipe": "/data/mugs.yaml", "output": "s3://b/m"}
    with pytest.raises(ValueError, match=re.escape(said)):
        IndexedJob(**{**good, "claim": "data", **change}, shards=4)  # type: ignore[arg-type]


def test_a_merge_that_was_interrupted_is_gone_on_with(crowd: Path, tmp_path: Path) -> None:
    """As it stands when it was killed while copying: the run is noted, some images are there."""
    into = tmp_path / "into"
    for name in ("parts/run.json", "images/00000003.png"):
        (into / name).parent.mkdir(parents=True)
        shutil.copy(crowd / name, into / name)
    assert orbitset("dataset", "merge", crowd, "-o", into).returncode == 0
    assert contents(into) == contents(crowd)


@pytest.mark.parametrize("state", ["RUNNING", "CANCELLED"])
def test_a_submitit_task_that_is_preempted_is_queued_anew_and_a_cancelled_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Both look alike from inside: SIGTERM to the whole step. Seen on a real Slurm 22.05."""
    (tmp_path / "squeue").write_text(f'#!/bin/sh\n[ "$*" = "-h -o %T -j 17_3" ] && echo {state}\n')
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name, value in {"ARRAY_JOB_ID": "17", "ARRAY_TASK_ID": "3", "JOB_ID": "18"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)

    def queue_anew(number: int, frame: object) -> None:
        raise InterruptedError

    before = signal.signal(signal.SIGUSR2, queue_anew)  # submitit's own does this and exits
    try:
        told = InterruptedError if state == "RUNNING" else subprocess.CalledProcessError
        with pytest.raises(told):
            ShardTask(["sh", "-c", "exit 143"])()
    finally:
        signal.signal(signal.SIGUSR2, before)
