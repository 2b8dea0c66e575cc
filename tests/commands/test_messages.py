"""What commands print where names are odd, shots fail, or a run is not through."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from renderer.commands.progress import RunProgress
from renderer.commands.terminal import errors_as_sentences
from renderer.farm.events import ShotFailed
from tests.conftest import CROWD, orbitset, write_recipe

# Some images have no pose: part of the run fails, with numbers in the causes.
HALF = {
    "name": "half",
    "images": 8,
    "objects": [{"asset": "ball.ply", "category": "ball"}],
    "camera": {"resolution": [64, 48], "orbit": {"elevation_deg": {"choice": [30, -30]}}},
    "background": {"floor": "plain"},
    "accept": {"tries": 1},
    "render": {"samples": 1},
}


def test_names_with_brackets_are_printed_as_they_are(solids: Path, tmp_path: Path) -> None:
    odd = {**CROWD, "images": 1}
    odd["objects"] = [{**CROWD["objects"][0], "category": "mug [/] [bold]:smile:"}]
    recipe, out = write_recipe(tmp_path / "r", odd, solids), tmp_path / "out[/red]"
    planned = orbitset("render", recipe, "-o", out, "--dry-run")
    assert "mug [/] [bold]:smile:" in planned.stdout
    result = orbitset("render", recipe, "-o", out)
    assert result.returncode == 0, result.stderr
    assert f"report: {out}/report.html" in result.stdout
    counted = orbitset("dataset", "statistics", out)
    assert "  mug [/] [bold]:smile:: " in counted.stdout
    script = tmp_path / "[b].sbatch"
    written = orbitset("farm", "slurm", recipe, "-o", out, "--shards", 1, "--script", script)
    assert f"wrote {script}" in written.stdout
    for each in (planned, result, counted, written):
        assert "Traceback" not in each.stderr


def test_a_run_of_which_half_fails(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", HALF, solids), tmp_path / "out"
    planned = json.loads(orbitset("render", recipe, "-o", out, "--dry-run", "--json").stdout)
    good, bad = planned["images"], len(planned["failed"])
    assert min(good, bad) > 1
    said = orbitset("render", recipe, "-o", out, "--dry-run")
    assert said.returncode == 1
    assert f"{good} of 8 images planned" in said.stdout
    result = orbitset("render", recipe, "-o", out)
    assert result.returncode == 1
    assert f"orbitset farm retry {out} tries those too" in result.stderr
    told = orbitset("farm", "status", out)
    assert told.returncode == 1
    assert f"{bad} failed, of these 0 quarantined:" in told.stdout
    assert f"    {bad} x " in told.stdout
    assert f"to try those again: orbitset farm retry {out}" in told.stdout
    shutil.move(tmp_path / "r", tmp_path / "moved")
    lost = orbitset("farm", "retry", out)
    assert lost.returncode == 2
    assert "has moved: say where it is with --recipe" in lost.stderr
    again = orbitset("farm", "retry", out, "--recipe", tmp_path / "moved" / "recipe.yaml")
    assert again.returncode == 1
    assert f"{bad} shots failed" in again.stderr


def test_kinds_of_failures_are_told_once_as_they_happen(capsys: pytest.CaptureFixture[str]) -> None:
    progress = RunProgress(9, quiet=False)
    for shot in range(3):
        progress.handle(ShotFailed(shot=shot, seconds=1.0, cause=f"image {shot} has no pose"))
    progress.handle(ShotFailed(shot=3, seconds=1.0, cause="no light", again=True))
    progress.handle(ShotFailed(shot=4, seconds=1.0, cause="no light"))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "warning: shot 0 failed: image 0 has no pose",
        "warning: shot 4 failed: no light",
    ]


def test_a_shard_that_is_through_is_not_called_stopped(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", {**CROWD, "images": 2}, solids), tmp_path / "out"
    assert orbitset("render", recipe, "-o", out, "--shard", "0/2").returncode == 0
    told = orbitset("farm", "status", out).stdout
    assert "waiting for other shards, 1 of 2 shots" in told
    assert "shards through: 0-of-2" in told
    status = json.loads(orbitset("farm", "status", out, "--json").stdout)
    assert status["shards_done"] == ["0-of-2"]
    retried = orbitset("farm", "retry", out)
    assert "1 shots have not been rendered yet; for those: orbitset render" in retried.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--bogus 3", "No such option: --bogus"),
        ("--samples none", "--samples"),
        ("--help", "for help on them: orbitset render --help"),
        ("--shard 1/2", "--shard, --dry-run and -o are not for you to give here"),
        ("--devices 'cpu", "No closing quotation"),
    ],
)
def test_options_passed_on_are_checked(
    solids: Path, tmp_path: Path, options: str, said: str
) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    script = tmp_path / "job.sbatch"
    result = orbitset(
        "farm", "slurm", recipe, "-o", "out", "--script", script, "--options", options
    )
    assert result.returncode == 2
    assert said in result.stderr
    assert not script.exists()


def test_a_script_does_not_depend_on_where_it_is_submitted(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    result = orbitset(
        "farm", "slurm", recipe, "-o", "out here", "--shards", 9, "--script", "s", cwd=tmp_path
    )
    assert result.returncode == 0
    assert "9 shards for 8 images: 1 have nothing to do" in result.stderr
    assert f"orbitset dataset merge {tmp_path}/out here" in result.stdout
    assert f"-o '{tmp_path}/out here'" in (tmp_path / "s").read_text()


def test_more_to_keep_free_than_there_is(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    result = orbitset("render", recipe, "-o", tmp_path / "out", "--min-free-gb", 100_000)
    assert result.returncode == 1
    assert "--min-free-gb keeps 100.0 TB of the disk of" in result.stderr


def test_a_pipe_that_closes(solids: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", CROWD, solids)
    command = f"{sys.executable} {Path('cli.py').absolute()} recipe show {recipe} | head -1"
    with os.popen(f"({command}) 2>&1") as printed:
        assert printed.read().strip() == "{"


def test_errors_of_a_store_or_cluster_are_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    import typer
    from botocore.exceptions import EndpointConnectionError

    with pytest.raises(typer.Exit) as ended, errors_as_sentences():
        raise EndpointConnectionError(endpoint_url="http://nowhere")
    assert ended.value.exit_code == 1
    assert "the store or cluster fails: Could not connect" in capsys.readouterr().err
    with pytest.raises(AttributeError), errors_as_sentences():
        raise AttributeError("a defect of ours")


def test_a_new_recipe_can_have_the_objects_size(solids: Path, tmp_path: Path) -> None:
    from renderer.recipe import load_recipe

    write_recipe(tmp_path, CROWD, solids)
    for size in (None, 0.13):
        more = () if size is None else ("--size-m", size)
        made = orbitset(
            "recipe", "new", "n.yaml", "--asset", "box.ply", "--force", *more, cwd=tmp_path
        )
        assert made.returncode == 0, made.stderr
        assert load_recipe(tmp_path / "n.yaml").recipe.objects[0].size_m == size


def test_an_object_that_no_pixel_shows(solids: Path, tmp_path: Path) -> None:
    """It is planned, and the image has no label of it: at accept.min_visibility 0."""
    inside = {
        **HALF,
        "images": 1,
        "objects": [
            {"asset": "box.ply", "category": "crate", "position_m": [0, 0, 0]},
            {"asset": "ball.ply", "category": "part", "scale": 0.1, "position_m": [0, 0, 0.3]},
        ],
        "camera": {"resolution": [48, 36], "orbit": {"elevation_deg": 30}},
        "accept": {"min_visibility": 0, "max_truncation": 1},
    }
    recipe, out = write_recipe(tmp_path / "r", inside, solids), tmp_path / "out"
    result = orbitset("render", recipe, "-o", out, "--devices", "cpu", "--per-device", 1)
    assert result.returncode == 0, result.stderr
    labels = json.loads((out / "annotations" / "instances.json").read_text())
    assert [each["category_id"] for each in labels["annotations"]] == [1]
    assert [each["name"] for each in labels["categories"]] == ["crate", "part"]
    assert orbitset("dataset", "validate", out).returncode == 0


def test_a_folder_whose_run_is_damaged(solids: Path, tmp_path: Path) -> None:
    recipe, out = write_recipe(tmp_path / "r", CROWD, solids), tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    (out / "parts" / "run.json").write_text("{}")
    for command in (("render", recipe, "-o", out), ("farm", "retry", out), ("farm", "status", out)):
        result = orbitset(*command)
        assert result.returncode == 2
        assert f"{out}/parts/run.json is damaged: " in result.stderr
        assert "Traceback" not in result.stderr
