"""Effects of another package, one of each stage: all that a recipe, a plan, Blender, a picture and a
run need of them follows from an entry point.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import REPOSITORY, orbitset, write_recipe

TOYS = ("pillar", "hide", "add", "multiply", "invert")
ONE: dict[str, Any] = {
    "name": "one",
    "images": 2,
    "objects": [{"asset": "box.ply", "category": "box"}],
    "camera": {
        "resolution": [64, 48],
        "orbit": {"azimuth_deg": 0, "elevation_deg": 10, "fill": 0.4},
    },
    "lighting": {"world": {"color": "white"}, "lights": []},
    "background": {"color": "black", "shadows": False},
    "render": {"samples": 1, "denoise": False, "view_transform": "Standard"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the toys in it."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "toys.py").write_text((Path(__file__).parent / "toys" / "toys.py").read_text())
    install(folder, "1.0")
    return folder


def install(folder: Path, version: str) -> None:
    info = folder / "orbitset_toys-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: orbitset-toys\nVersion: {version}\n"
    )
    lines = [f"toy_{name} = toys:{name.capitalize()}" for name in TOYS]
    lines += ["broken = toys:Nothing", "exposure = toys:Add"]
    (info / "entry_points.txt").write_text("\n".join(["[orbitset.effects]", *lines, ""]))


def environment(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{installed}:{REPOSITORY}"}


def python(installed: Path, code: str, *arguments: object) -> Any:
    """What some code prints as JSON, in a process that has the toys."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=environment(installed),
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_schema_has_their_keys(installed: Path) -> None:
    shown = orbitset("recipe", "schema", env=environment(installed))
    schema = json.loads(shown.stdout)
    keys = schema["$defs"]["Effects"]["properties"]
    assert [key for key in keys if key.startswith("toy_")] == sorted(f"toy_{name}" for name in TOYS)
    assert keys["toy_add"]["description"] == "Adds light."
    assert "default" not in keys["toy_add"]


@pytest.mark.parametrize(
    ("effects", "key", "message"),
    [
        ({"toy_ad": {}}, "effects.toy_ad", "unknown key (did you mean `toy_add`?)"),
        ({"toy_add": {"amuont": 1}}, "effects.toy_add.amuont", "(did you mean `amount`?)"),
        ({"toy_add": {"amount": "much"}}, "effects.toy_add.amount", "must be a number"),
        ({"toy_add": None}, "effects.toy_add", "must be a mapping"),
        ({"toy_pillar": {"model": "bxo.ply"}}, "effects.toy_pillar.model", "mean `box.ply`?"),
        ({"toy_pillar": {"model": "bad.ply"}}, "effects.toy_pillar", "bad.ply"),
        ({"broken": {}}, "effects.broken", "the effect broken (toys:Nothing) cannot be loaded"),
        ({"exposure": {"stops": 1}}, "effects.exposure", "there are two effects called exposure"),
    ],
)
def test_errors_have_their_place(
    installed: Path, solids: Path, tmp_path: Path, effects: Any, key: str, message: str
) -> None:
    path = write_recipe(tmp_path, {**ONE, "effects": effects}, solids)
    path.write_text(json.dumps(json.loads(path.read_text()), indent=1))
    (tmp_path / "bad.ply").write_text("ply")
    checked = orbitset("recipe", "check", path, "--json", env=environment(installed))
    assert checked.returncode == 2, checked.stderr
    (error,) = json.loads(checked.stdout)["errors"]
    assert error["key"] == key
    assert message in error["message"]
    assert key.rpartition(".")[2] in path.read_text().splitlines()[error["line"] - 1]


DEVELOP = """
import json, sys
import numpy as np
from renderer.imaging import develop
from renderer.plan import Planner
from renderer.recipe import Recipe
from renderer.asset import AssetCache
from renderer.shot.frame import Frame
from renderer.shot.shot import Shot
from pathlib import Path
data = json.loads(sys.argv[1])
data["objects"][0]["count"] = 0
recipe = Recipe.model_validate(data)
planner = Planner(recipe, Path("."), AssetCache(Path(".")), ({},) + ({},) * len(recipe.effects.on))
shown = []
for index in range(2):
    shot = planner.shot(index)
    assert Shot.model_validate_json(shot.model_dump_json()) == shot
    color = np.full((48, 64, 4), 0.25, np.float32)
    color[..., 3] = 1
    (image,) = shot.images
    picture = develop(shot, image, Frame(color), Path("."))
    shown.append([picture[0, 0, 0].item(), picture[1, 1, 0].item()])
print(json.dumps([[state.effect for state in shot.effects], shown]))
"""


def test_a_picture_goes_through_the_stages_in_their_order(installed: Path) -> None:
    """0.25, then + 0.2, then times 0.5, then halved, shown by sRGB, then inverted."""
    effects = {
        "toy_invert": {},
        "toy_multiply": {"amount": 0.5},
        "toy_add": {"amount": 0.2},
    }
    order, shown = python(installed, DEVELOP, json.dumps({**ONE, "effects": effects}))
    assert order == ["toy_add", "toy_multiply", "toy_invert"]
    light = (0.25 + 0.2) * 0.5 / 2
    expected = 255 * (1 - (1.055 * light ** (1 / 2.4) - 0.055))
    assert [each[1] for each in shown] == [pytest.approx(expected, abs=1)] * 2
    assert shown[0][0] != shown[1][0]  # seeds differ
    again = dict(reversed(effects.items()))
    assert python(installed, DEVELOP, json.dumps({**ONE, "effects": again})) == [order, shown]


@pytest.fixture(scope="module")
def runs(
    installed: Path, solids: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A recipe rendered with the toys of the stage scene, and without."""
    found = []
    effects = {"toy_pillar": {"model": "box.ply"}, "toy_hide": {}}
    for name, chosen in (("on", {"effects": effects}), ("off", {})):
        folder = tmp_path_factory.mktemp(name)
        path = write_recipe(folder, {**ONE, **chosen}, solids)
        done = orbitset("render", path, "-o", folder / "out", env=environment(installed))
        assert done.returncode == 0, done.stderr
        found.append(folder / "out")
    return found[0], found[1]


def lines(dataset: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (dataset / "shots.jsonl").read_text().splitlines()]


def records(dataset: Path) -> Any:
    return json.loads((dataset / "annotations" / "instances.json").read_text())


def test_they_change_nothing_else_of_a_shot(runs: tuple[Path, Path]) -> None:
    for with_toys, without in zip(*map(lines, runs), strict=True):
        assert without["effects"] == []
        pillar, hide = with_toys["effects"]
        assert pillar == {"effect": "toy_pillar", "instance": 2}
        assert hide == {"effect": "toy_hide", "amount": 1.0}
        box, added = with_toys["objects"]
        assert [box] == without["objects"]
        assert added["category"] is None
        assert added["file"] == "effects.toy_pillar.pillar"
        assert added["asset"] == box["asset"]
        for key in without.keys() - {"effects", "objects"}:
            assert with_toys[key] == without[key], key


def test_what_has_no_label_is_seen_and_never_labelled(runs: tuple[Path, Path]) -> None:
    """The box is hidden in Blender: what is left in the picture is the pillar."""
    on, off = runs
    assert len(records(off)["annotations"]) == 2
    assert records(on)["annotations"] == []
    for image in records(on)["images"]:
        (warning,) = image["warnings"]
        assert warning.startswith("box has no visible pixel")
        picture = np.asarray(Image.open(on / image["file_name"]))
        assert 0.01 < (picture > 0).any(axis=2).mean() < 0.2


def test_their_package_is_among_the_versions(runs: tuple[Path, Path], installed: Path) -> None:
    on, off = runs
    manifest = json.loads((on / "manifest.json").read_text())
    assert manifest["versions"]["orbitset-toys"] == "1.0"
    assert manifest["recipe"]["effects"]["toy_hide"] == {"amount": 1.0}
    assert "orbitset-toys" not in json.loads((off / "manifest.json").read_text())["versions"]
    install(installed, "2.0")
    try:
        recipe = on.parent / "recipe.yaml"
        more = orbitset("render", recipe, "-o", on, "--images", 3, env=environment(installed))
    finally:
        install(installed, "1.0")
    assert more.returncode == 2
    assert "orbitset-toys 1.0 became 2.0" in more.stderr
