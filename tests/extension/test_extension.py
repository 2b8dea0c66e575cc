"""A label kind, effects of all five stages and a format of another package go all the way: check,
schema, plan, render, resume after a kill, merge, validate, report, export; and CONTRIBUTING shows
these very files.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY, contents, orbitset, write_recipe

TOYS = Path(__file__).parent / "orbitset_toys"
SHOWN = ("distance", "vignette", "centres")
ENTRY_POINTS = """[orbitset.label_kinds]
distance = orbitset_toys.distance:Distance
[orbitset.effects]
pillar = orbitset_toys.stages:Pillar
raised = orbitset_toys.stages:Raised
haze = orbitset_toys.stages:Haze
vignette = orbitset_toys.vignette:Vignette
posterised = orbitset_toys.stages:Posterised
[orbitset.formats]
centres = orbitset_toys.centres:Centres
"""
TOY_RECIPE: dict[str, Any] = {
    "name": "toys",
    "seed": 2,
    "images": 24,
    "objects": [
        {"asset": "box.ply", "category": "box", "count": {"integers": [1, 2]}},
        {"asset": "ball.ply", "category": "ball", "scale": {"uniform": [0.2, 0.4]}},
    ],
    "camera": {"resolution": [96, 72]},
    "background": {"floor": "plain"},
    "render": {"samples": 2},
    "labels": {"distance": {"step": 6}},
    "effects": {
        "pillar": {"model": "box.ply"},
        "raised": {"amount": {"uniform": [1, 3]}},
        "haze": {"amount": 0.05},
        "vignette": {"strength": {"uniform": [0.3, 0.8]}},
        "posterised": {"amount": 8},
    },
    "output": {"exports": [{"format": "centres", "separator": ";"}]},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine on which the toys are installed, as pip leaves them."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(TOYS, folder / "orbitset_toys")
    info = folder / "orbitset_toys-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orbitset-toys\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return {**os.environ, "PYTHONPATH": f"{folder}:{REPOSITORY}"}


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Path:
    return write_recipe(tmp_path_factory.mktemp("toys"), TOY_RECIPE, solids)


@pytest.fixture(scope="module")
def dataset(recipe: Path, installed: dict[str, str]) -> Path:
    """The dataset, rendered undisturbed; do not write into it."""
    done = orbitset("render", recipe, "-o", recipe.parent / "out", env=installed)
    assert done.returncode == 0, done.stderr
    return recipe.parent / "out"


@pytest.mark.parametrize(
    ("section", "value", "key", "says"),
    [
        ("labels", {"distanse": True}, "labels.distanse", "did you mean `distance`?"),
        ("labels", {"distance": {"step": 0}}, "labels.distance.step", "greater than or equal to 1"),
        ("labels", {"distance": {"stride": 2}}, "labels.distance.stride", "did you mean `step`?"),
        ("effects", {"vignet": {}}, "effects.vignet", "did you mean `vignette`?"),
        ("effects", {"vignette": {"strength": 2}}, "effects.vignette.strength", "within [0, 1]"),
        ("effects", {"pillar": {"model": "boxx.ply"}}, "effects.pillar.model", "`box.ply`?"),
        ("output", {"exports": [{"format": "centers"}]}, "output.exports[0]", "`centres`?"),
        (
            "output",
            {"exports": [{"format": "centres", "separator": ", "}]},
            "output.exports[0].separator",
            "at most 1 character",
        ),
    ],
)
def test_mistakes_have_their_place(
    installed: dict[str, str],
    recipe: Path,
    tmp_path: Path,
    solids: Path,
    section: str,
    value: Any,
    key: str,
    says: str,
) -> None:
    wrong = write_recipe(tmp_path, {**TOY_RECIPE, section: value}, solids)
    wrong.write_text(json.dumps(json.loads(wrong.read_text()), indent=1))
    checked = orbitset("recipe", "check", wrong, "--json", env=installed)
    assert checked.returncode == 2, checked.stderr
    (error,) = json.loads(checked.stdout)["errors"]
    assert error["key"].startswith(key)
    assert says in error["message"]
    lines = wrong.read_text().splitlines()
    assert (
        f'"{key.rpartition(".")[2]}"' in lines[error["line"] - 1]
        or "format" in lines[error["line"] - 1]
    )


def test_schemas_know_them(installed: dict[str, str], dataset: Path) -> None:
    schema = json.loads(orbitset("recipe", "schema", env=installed).stdout)["$defs"]
    assert {"pillar", "raised", "haze", "vignette", "posterised"} <= schema["Effects"][
        "properties"
    ].keys()
    told = schema["Labels"]["properties"]["distance"]["description"]
    assert told == "Distance of each object, and a map of instances as plain text."
    assert "centres" in json.dumps(schema)
    records = orbitset("dataset", "schema", dataset, env=installed)
    assert "From the camera to the model's origin, in metres." in records.stdout
    # The very same words do not stand in it for a dataset without that kind.
    assert "distance_m" not in orbitset("dataset", "schema").stdout


def test_labels_and_pictures_are_what_the_toys_say(dataset: Path) -> None:
    """The number by its own formula from the pose; the map against the masks; few levels."""
    labels = json.loads((dataset / "annotations/instances.json").read_text())
    assert len(labels["images"]) == 24
    for record in labels["annotations"]:
        assert record["distance_m"] == pytest.approx(np.linalg.norm(record["cam_t_m2c"]), rel=1e-9)
    for image in labels["images"]:
        assert image["files"]["map"]["path"] == f"distance/{image['shot']:08d}.txt"
        rows = np.loadtxt(dataset / image["files"]["map"]["path"], int)
        assert rows.shape == (12, 16)
        mine = {a["instance"] for a in labels["annotations"] if a["image_id"] == image["id"]}
        pillar = max(entry for entry in range(1, 9) if entry not in mine)
        assert set(np.unique(rows)) <= {0, *mine, pillar, *range(1, 5)}
    picture = np.asarray(Image.open(dataset / labels["images"][0]["file_name"]))
    assert len(np.unique(picture)) <= 9


def test_shots_hold_what_was_drawn(dataset: Path) -> None:
    shots = [json.loads(line) for line in (dataset / "shots.jsonl").read_text().splitlines()]
    order = ["pillar", "raised", "haze", "vignette", "posterised"]
    assert all([each["effect"] for each in shot["effects"]] == order for shot in shots)
    strengths = [shot["effects"][3]["strength"] for shot in shots]
    assert len(set(strengths)) == 24
    assert 0.3 <= min(strengths) < max(strengths) <= 0.8
    assert all(shot["objects"][-1]["category"] is None for shot in shots)


def test_a_killed_run_goes_on_to_the_same_bytes(
    installed: dict[str, str], recipe: Path, dataset: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, str(REPOSITORY / "cli.py"), "render", str(recipe), "-o", str(out)]
    command += ["--chunk", "4", "--devices", "cpu", "--per-device", "1"]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            command, env=installed, stdout=log, stderr=log, start_new_session=True
        )
        until = time.monotonic() + 200
        while time.monotonic() < until and not list(out.glob("parts/0*.jsonl")):
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    done = len(list((out / "images").glob("*.png")))
    assert 0 < done < 24
    shutil.rmtree(out / "distance")  # a lost map is noticed like a lost picture
    again = subprocess.run(command, env=installed, capture_output=True, text=True, timeout=200)
    assert again.returncode == 0, again.stderr
    assert contents(out) == contents(dataset)


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    after = change(before)
    assert after != before
    path.unlink()  # it may be a link
    path.write_text(after)


FAULTS: dict[str, tuple[str, Callable[[str], str], str]] = {
    "a number": (
        "annotations/instances.json",
        lambda text: text.replace('"distance_m":', '"distance_m":1', 1),
        "distance_m is ",
    ),
    "a number that is none": (
        "annotations/instances.json",
        lambda text: text.replace('"distance_m":', '"distance_m":"far","was":', 1),
        "has a wrong distance_m",
    ),
    "a map": ("distance/00000003.txt", lambda text: "9" + text, "distance/00000003.txt is not"),
    "an effect's state": (
        "shots.jsonl",
        lambda text: text.replace(
            '"vignette","strength":', '"vignette","strength":"much","was":', 1
        ),
        "shots.jsonl is damaged: shot 0: effects.3",
    ),
    "an effect that the recipe has not": (
        "shots.jsonl",
        lambda text: text.replace('"effect":"haze","amount":', '"effect":"exposure","stops":', 1),
        "its shot has the effect exposure, and its recipe has not",
    ),
    "a line of the export": (
        "exports/centres/centres.csv",
        lambda text: text.replace(".5", ".0", 1),
        "exports/centres/centres.csv is not what the dataset says",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_validation_finds(
    installed: dict[str, str], dataset: Path, tmp_path: Path, fault: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    file, change, says = FAULTS[fault]
    edit(copy / file, change)
    found = orbitset("dataset", "validate", copy, env=installed)
    assert found.returncode == 1, found.stdout
    assert says in found.stderr
    assert "Traceback" not in found.stderr


def test_it_is_valid_reported_and_exported(
    installed: dict[str, str], dataset: Path, tmp_path: Path
) -> None:
    valid = orbitset("dataset", "validate", dataset, env=installed)
    assert valid.returncode == 0, valid.stderr
    page = (dataset / "report.html").read_text()
    assert "distance" in page
    assert "vignette" in page
    here = (dataset / "exports/centres/centres.csv").read_text().splitlines()
    target = tmp_path / "export"
    told = orbitset(
        "dataset",
        "export",
        dataset,
        "--format",
        "centres",
        "-o",
        target,
        "--option",
        "separator=|",
        env=installed,
    )
    assert told.returncode == 0, told.stderr
    assert [
        line.replace("|", ";") for line in (target / "centres.csv").read_text().splitlines()
    ] == here
    labels = json.loads((dataset / "annotations/instances.json").read_text())
    assert len(here) == len(labels["annotations"])
    x, y, w, h = labels["annotations"][0]["bbox"]
    assert here[0].split(";")[2:] == [str(x + w / 2), str(y + h / 2)]


def test_without_the_package_it_says_what_it_lacks(dataset: Path) -> None:
    valid = orbitset("dataset", "validate", dataset)
    assert "Traceback" not in valid.stderr
    assert "distance labels were not checked: install the package" in valid.stdout + valid.stderr
    shown = orbitset("dataset", "statistics", dataset, "--json")
    assert shown.returncode == 0, shown.stderr


def test_the_manifest_names_the_package(dataset: Path) -> None:
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert manifest["versions"]["orbitset-toys"] == "1.2"
    assert manifest["labels"]["distance"] == {"step": 6}


def test_contributing_shows_these_very_files() -> None:
    """And each is short."""
    page = (REPOSITORY / "CONTRIBUTING.md").read_text()
    for name in SHOWN:
        text = (TOYS / f"{name}.py").read_text()
        assert text.count("\n") < 40
        assert text.strip() in page
