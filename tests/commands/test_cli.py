"""The program as a user meets it: help, good paths, and every bad input as one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import CROWD, REPOSITORY, orbitset, write_recipe

COMMANDS = (
    *("render", "preview", "doctor", "recipe new", "recipe check", "recipe schema", "recipe show"),
    *("asset inspect", "dataset validate", "dataset show", "dataset report", "dataset statistics"),
    *("estimate", "dataset merge", "dataset export", "farm status", "farm log", "farm retry"),
    *("farm slurm", "farm kubernetes"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    result = orbitset(*command.split(), "--help")
    assert result.returncode == 0
    assert "Example" in result.stdout
    assert f"orbitset {command}" in result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_recipe(folder, CROWD, solids)
    (folder / "broken.glb").write_bytes(b"glTF")
    (folder / "empty").mkdir()
    for name, change in {
        "typo": {"seeed": 1},
        "broken": {"objects": [{"asset": "broken.glb", "category": "b"}]},
        "impossible": {
            "camera": {"orbit": {"elevation_deg": -30}},
            "background": {"floor": "wood"},
            "accept": {"tries": 3},
        },
        "dark": {"lighting": {"world": {"hdri": "broken.hdr"}}},
    }.items():
        (folder / f"{name}.yaml").write_text(json.dumps({**CROWD, **change}))
    (folder / "broken.hdr").write_bytes(b"#?RADIANCE\n")
    return folder


BAD = {
    "no recipe": (["render", "none.yaml", "-o", "o1"], 2, "none.yaml:1:1: cannot be read"),
    "unknown key": (
        ["render", "typo.yaml", "-o", "o2"],
        2,
        "seeed: unknown key (did you mean `seed`?)",
    ),
    "broken model": (["render", "broken.yaml", "-o", "o3"], 2, "broken.glb cannot be imported"),
    "broken model in check": (
        ["recipe", "check", "broken.yaml"],
        2,
        "broken.glb cannot be imported",
    ),
    "poses that cannot be": (["recipe", "check", "impossible.yaml"], 2, "below the floor"),
    "poses in a dry run": (
        ["render", "impossible.yaml", "-o", "o4", "--dry-run"],
        1,
        "below the floor",
    ),
    "damaged hdri": (
        ["render", "dark.yaml", "-o", "o5", "--images", "1"],
        2,
        "lighting.world.hdri: broken.hdr cannot be read: it is damaged or not an HDRI",
    ),
    "no such engine": (["render", "recipe.yaml", "-o", "o6", "--engine", "povray"], 2, "--engine"),
    "no such device": (
        ["render", "recipe.yaml", "-o", "o7", "--devices", "tpu"],
        2,
        "--devices: 'tpu' is no device: give auto, cpu, a number, or",
    ),
    "output is a file": (
        ["render", "recipe.yaml", "-o", "recipe.yaml"],
        2,
        "recipe.yaml is a file",
    ),
    "output cannot be made": (["render", "recipe.yaml", "-o", "/proc/x"], 1, "/proc/x"),
    "no image 99": (["recipe", "show", "recipe.yaml", "--index", "99"], 2, "no image 99"),
    "new over old": (["recipe", "new", "recipe.yaml"], 2, "exists already"),
    "no such model": (["asset", "inspect", "none.glb"], 2, "none.glb: no such file"),
    "not a model": (["asset", "inspect", "recipe.yaml"], 2, "is not a model"),
    "broken model inspected": (
        ["asset", "inspect", "broken.glb"],
        2,
        "broken.glb cannot be imported",
    ),
    "no such axis": (
        ["asset", "inspect", "box.ply", "--up-axis", "w"],
        2,
        "--up-axis w is not one of",
    ),
    "not a dataset": (["dataset", "validate", "empty"], 2, "holds no orbitset dataset"),
    "no such dataset": (["dataset", "show", "nowhere"], 2, "no such folder"),
    "too many samples": (["preview", "recipe.yaml", "--samples", "70000"], 2, "samples"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(folder: Path, case: str) -> None:
    arguments, code, expected = BAD[case]
    result = orbitset(*arguments, cwd=folder)
    said = result.stdout + result.stderr
    assert result.returncode == code, said
    assert expected in said
    assert "Traceback" not in said
    lines = [line for line in result.stderr.splitlines() if line.startswith(("error:", "wrong:"))]
    assert len(lines) <= 1 or "failed (the same command" in said


def test_new_check_show(tmp_path: Path, solids: Path) -> None:
    write_recipe(tmp_path, CROWD, solids)
    assert (
        orbitset(
            "recipe", "new", "mine.yaml", "--asset", "box.ply", "--category", "box", cwd=tmp_path
        ).returncode
        == 0
    )
    checked = orbitset("recipe", "check", "mine.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "is a good recipe: 24 images, 1 model, 8 poses planned" in checked.stdout
    shown = orbitset("recipe", "show", "mine.yaml", "--index", 17, cwd=tmp_path)
    shot = json.loads(shown.stdout)
    assert shot["index"] == 17
    again = orbitset("recipe", "show", "mine.yaml", "--index", 17, cwd=tmp_path)
    assert again.stdout == shown.stdout
    assert json.loads(orbitset("recipe", "schema").stdout)["title"] == "orbitset recipe"
    (tmp_path / "bad.yaml").write_text("name: x\nimages: 0\n")
    found = json.loads(orbitset("recipe", "check", "bad.yaml", "--json", cwd=tmp_path).stdout)
    assert [(item["line"], item["key"]) for item in found["errors"]] == [
        (1, "objects"),
        (2, "images"),
    ]


def test_dry_run_renders_nothing(tmp_path: Path, solids: Path) -> None:
    recipe = write_recipe(tmp_path, CROWD, solids)
    result = orbitset("render", recipe, "-o", tmp_path / "out", "--dry-run", "--json")
    assert result.returncode == 0
    planned = json.loads(result.stdout)
    assert planned["images"] == planned["objects"]["ball"] == 8
    assert not (tmp_path / "out").exists()


def test_a_rig_counts_shots_and_images_apart(tmp_path: Path, solids: Path) -> None:
    camera = {**CROWD["camera"], "rig": {"stereo": {"baseline_m": 0.1}}}
    recipe = write_recipe(tmp_path, {**CROWD, "images": 2, "camera": camera}, solids)
    out = tmp_path / "out"
    planned = orbitset("render", recipe, "-o", out, "--dry-run")
    assert planned.stdout.startswith("2 shots of 2 images planned in ")
    counts = json.loads(orbitset("render", recipe, "-o", out, "--dry-run", "--json").stdout)
    assert (counts["shots"], counts["images"]) == (2, 4)
    checked = orbitset("recipe", "check", recipe)
    assert "is a good recipe: 2 shots of 2 images, " in checked.stdout


def test_preview_and_show(tmp_path: Path, solids: Path, crowd: Path) -> None:
    recipe = write_recipe(tmp_path, CROWD, solids)
    result = orbitset(
        "preview", recipe, "-o", tmp_path / "sheet.png", "--count", 4, "--width", 96, "--samples", 1
    )
    assert result.returncode == 0, result.stderr
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 1600
    assert (
        orbitset("dataset", "show", crowd, "-o", tmp_path / "o.png", "--count", 4).returncode == 0
    )
    with Image.open(tmp_path / "o.png") as sheet:
        assert sheet.height > 500
    result = orbitset("dataset", "show", crowd, "--index", 3, "--each", "-o", tmp_path / "each")
    assert result.returncode == 0
    assert [path.name for path in (tmp_path / "each").iterdir()] == ["00000003.png"]


@pytest.mark.parametrize(
    ("labels", "there"),
    [({"mask": False, "amodal": False}, "box, pose"), ({"box": False}, "mask, amodal, pose")],
)
def test_preview_and_show_draw_what_there_is(
    tmp_path: Path, solids: Path, labels: dict[str, bool], there: str
) -> None:
    recipe = write_recipe(tmp_path, {**CROWD, "images": 1, "labels": labels}, solids)
    out, sheet = tmp_path / "out", tmp_path / "sheet.png"
    for command in (
        ("preview", recipe, "--count", 1, "--width", 64, "--samples", 1, "-o", sheet),
        ("render", recipe, "-o", out, "--samples", 1),
        ("dataset", "show", out, "-o", sheet),
    ):
        result = orbitset(*command)
        assert result.returncode == 0, result.stderr
    wrong = orbitset("dataset", "show", out, "--labels", "depth", "-o", sheet)
    assert wrong.returncode == 2
    assert f"--labels depth: the dataset has no depth, but {there};" in wrong.stderr


def test_inspect_prints_facts_and_draws(tmp_path: Path, solids: Path) -> None:
    result = orbitset("asset", "inspect", solids / "box.ply", "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "0.6 x 0.4 x 0.8 m" in result.stdout
    with Image.open(tmp_path / "box.thumbnail.png") as thumbnail:
        assert thumbnail.size == (384, 384)
    facts = json.loads(
        orbitset("asset", "inspect", solids / "box.ply", "--no-thumbnail", "--json").stdout
    )
    assert facts["models"][0]["faces"] == 12
    assert facts["errors"] == []


def test_doctor_finds_this_machine_fit() -> None:
    result = orbitset("doctor", "--json")
    assert result.returncode == 0, result.stdout
    findings = {item["what"]: item for item in json.loads(result.stdout)}
    assert findings["bpy"]["good"]
    assert "device CPU" in findings


def test_missing_libraries_are_named_before_bpy_fails(tmp_path: Path) -> None:
    """With one library renamed, everything that needs bpy says which and how to get it."""
    code = (
        "import renderer.blender.libraries as l, renderer.commands.app as a, sys;"
        "l.LIBRARIES = {**l.LIBRARIES, 'libmissing.so.1': 'libmissing1'};"
        "sys.argv = ['orbitset', *sys.argv[1:]]; a.main()"
    )
    import subprocess
    import sys

    for arguments in (["doctor"], ["render", "scenes/quickstart.yaml", "-o", str(tmp_path / "o")]):
        result = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            check=False,
        )
        assert result.returncode != 0
        assert "libmissing.so.1" in result.stdout + result.stderr
        assert (
            "apt-get install -y --no-install-recommends libmissing1"
            in result.stdout + result.stderr
        )
        assert "Traceback" not in result.stderr


def test_a_cache_that_cannot_be_written(folder: Path) -> None:
    nowhere = {**os.environ, "ORBITSET_CACHE": "/dev/null/cache"}
    result = orbitset("recipe", "check", folder / "recipe.yaml", env=nowhere)
    assert result.returncode == 1
    said = " ".join(result.stderr.split())
    assert "the model cache /dev/null/cache cannot be written (Not a directory)" in said
    assert "set ORBITSET_CACHE" in said
    assert "Traceback" not in said
