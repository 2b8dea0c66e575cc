"""Code of another package that fails: its shot fails with a sentence that says whose code it was,
and no other shot has any of it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY, orbitset, write_recipe

MODULE = Path(__file__).parent / "orbitset_faults"
ENTRY_POINTS = """[orbitset.label_kinds]
weights = orbitset_faults:Weights
boxes = orbitset_faults:Boxes
[orbitset.effects]
in_scene = orbitset_faults:InScene
in_light = orbitset_faults:InLight
on_display = orbitset_faults:OnDisplay
misnamed = orbitset_faults:InLight
[orbitset.formats]
broken = orbitset_faults:Broken
"""
TURN = {"turn": {"steps": [0, 13], "of": 13}}
RECIPE: dict[str, Any] = {
    "name": "faults",
    "images": 13,
    "objects": [{"asset": "box.ply", "category": "box"}],
    "camera": {"resolution": [64, 48]},
    "background": {"floor": "plain"},
    "render": {"samples": 1},
}
FAULTS = {
    0: ("effect in_scene", "ZeroDivisionError: no such lens"),
    1: ("effect in_scene", "RuntimeError: no such lamp"),
    2: ("effect in_scene", "IndexError"),
    3: ("effect in_light", "(10, 64, 4)"),
    4: ("effect in_light", "no numbers"),
    5: ("effect in_light", "(48, 64, 3)"),
    6: ("effect in_light", "SystemExit"),
    7: ("effect on_display", "uint8"),
    8: ("label kind weights", "KeyError: 9 (__init__.py:"),
    9: ("label kind weights", "each labelled object"),
    10: ("label kind weights", "finite number"),
    11: ("label kind weights", "['picture']"),
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(MODULE, folder / MODULE.name)
    info = folder / "orbitset_faults-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: orbitset-faults\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return {**os.environ, "PYTHONPATH": f"{folder}:{REPOSITORY}"}


def render(folder: Path, extra: dict[str, Any], solids: Path, env: dict[str, str]) -> Any:
    path = write_recipe(folder, {**RECIPE, **extra}, solids)
    devices = ("--devices", "cpu", "--per-device", 1)
    return orbitset("render", path, "-o", folder / "out", *devices, env=env)


def records(dataset: Path) -> Any:
    return json.loads((dataset / "annotations" / "instances.json").read_text())


@pytest.fixture(scope="module")
def dataset(
    installed: dict[str, str], solids: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Rendered with all that fails; its report fails, too."""
    folder = tmp_path_factory.mktemp("faulty")
    effects = {"in_scene": TURN, "in_light": TURN, "on_display": TURN}
    done = render(folder, {"effects": effects, "labels": {"weights": True}}, solids, installed)
    assert done.returncode == 1, done.stderr
    assert "the label kind weights (orbitset_faults:Weights) fails with Arith" in done.stderr
    assert "Traceback" not in done.stderr
    return folder / "out"


def test_each_shot_says_whose_fault_it_is(dataset: Path) -> None:
    failed = json.loads((dataset / "manifest.json").read_text())["failed"]
    assert {each["shot"] for each in failed} == FAULTS.keys()
    for each in failed:
        whose, what = FAULTS[each["shot"]]
        assert f"the {whose} " in each["cause"], each
        assert what in each["cause"], each
        assert "\n" not in each["cause"]


def test_other_shots_have_nothing_of_it(
    dataset: Path, installed: dict[str, str], solids: Path, tmp_path: Path
) -> None:
    """The shot that goes well is the one that a recipe without all that gives."""
    assert render(tmp_path, {}, solids, installed).returncode == 0
    (mine,) = records(dataset)["images"]
    theirs = next(each for each in records(tmp_path / "out")["images"] if each["shot"] == 12)
    assert mine["shot"] == 12
    assert mine["files"]["picture"] == theirs["files"]["picture"]


def test_checks_and_formats_say_whose_fault_it_is(
    dataset: Path, installed: dict[str, str], tmp_path: Path
) -> None:
    checked = orbitset("dataset", "validate", dataset, env=installed)
    assert checked.returncode == 1
    assert "label kind weights (orbitset_faults:Weights) fails with LookupErr" in checked.stderr
    command = ("dataset", "export", dataset, "--format", "broken", "-o", tmp_path / "export")
    exported = orbitset(*command, env=installed)
    assert exported.returncode == 1
    assert "the format broken (orbitset_faults:Broken) fails with LookupErr" in exported.stderr
    assert not (tmp_path / "export").exists()


def test_a_name_that_is_not_its_own(
    installed: dict[str, str], solids: Path, tmp_path: Path
) -> None:
    path = write_recipe(tmp_path, {**RECIPE, "effects": {"misnamed": TURN}}, solids)
    checked = orbitset("recipe", "check", path, env=installed)
    assert checked.returncode == 2
    assert "effects.misnamed" in checked.stderr
    assert "calls itself 'in_light'" in checked.stderr


def test_two_kinds_do_not_write_over_each_other(
    tmp_path: Path, solids: Path, installed: dict[str, str]
) -> None:
    path = write_recipe(tmp_path, {**RECIPE, "labels": {"boxes": True}}, solids)
    checked = orbitset("recipe", "check", path, "--json", env=installed)
    assert checked.returncode == 2
    (error,) = json.loads(checked.stdout)["errors"]
    assert error["key"] == "labels.boxes"
    assert "box and boxes labels both have a field bbox: leave one off" in error["message"]
    alone = {**RECIPE, "labels": {"boxes": True, "box": False}}
    path = write_recipe(tmp_path, alone, solids)
    assert orbitset("recipe", "check", path, env=installed).returncode == 0
