"""A dataset with scenarios and goals: tagged, counted and found good, and grown without a change."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import CROWD, orbitset, write_recipe

DATA: dict[str, Any] = {
    **CROWD,
    "images": 4,
    "effects": {"exposure": {"stops": 0}},
    "goals": {"object_px": {"6-16": 0.5}},
    "scenarios": {
        "night": {
            "share": 0.25,
            "override": {
                "lighting": {"world": {"color": "white", "strength": 0.01}, "lights": []},
                "effects": {"sensor_noise": {"shot": 0.05}, "exposure": None},
            },
        },
        "sheets": {
            "share": 0.25,
            "override": {
                "objects": [{"asset": "sheet.ply", "category": "sheet", "pitch_deg": 90}],
                "goals": {"object_px": {"20-60": 1}},
            },
        },
    },
}


def test_a_dataset_with_scenarios(tmp_path: Path, solids: Path) -> None:
    out = tmp_path / "out"
    recipe = write_recipe(tmp_path, DATA, solids)
    checked = orbitset("recipe", "check", recipe)
    assert checked.returncode == 0, checked.stderr
    assert "scenario night: 1 of the images" in checked.stdout
    assert "goals.object_px 20-60 of sheets: 1 of 1 tried were met" in checked.stdout
    for shard in ("0/2", "1/2"):
        done = orbitset("render", recipe, "-o", out, "--shard", shard)
        assert done.returncode == 0, done.stderr
    assert orbitset("dataset", "merge", out).returncode == 0
    found = orbitset("dataset", "validate", out)
    assert found.returncode == 0, found.stdout + found.stderr

    labels = json.loads((out / "annotations" / "instances.json").read_text())
    images = {image["id"]: image for image in labels["images"]}
    assert Counter(image["scenario"] for image in images.values()) == {
        "night": 1,
        "sheets": 1,
        None: 2,
    }
    names = {each["id"]: each["name"] for each in labels["categories"]}
    assert list(names.values()) == ["box", "ball", "sheet"]
    for record in labels["annotations"]:
        of_sheets = images[record["image_id"]]["scenario"] == "sheets"
        assert (names[record["category_id"]] == "sheet") == of_sheets
    night = next(image for image in images.values() if image["scenario"] == "night")
    assert night["brightness"] < min(
        image["brightness"] for image in images.values() if image is not night
    )
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["scenarios"] == {"night": 1, "sheets": 1}
    assert "sheet.ply" in manifest["assets"]
    report = (out / "report.html").read_text()
    assert "Images per scenario" in report
    assert "Images per goal: object_px of sheets" in report
    shown = orbitset("dataset", "statistics", out)
    assert "scenario night: 1 images (25.0%)" in shown.stdout
    told = json.loads(orbitset("dataset", "statistics", out, "--json").stdout)
    assert told["scenarios"] == {"night": 1, "sheets": 1}
    assert told["goals"]["object_px of sheets"]["20-60"] == {
        "images": 1,
        "share": 1.0,
        "wanted": 1.0,
    }
    by_labels = told["goals"]["object_px"]
    shots = [json.loads(line) for line in (out / "shots.jsonl").open()]
    planned = Counter(
        shot["goals"]["object_px"] for shot in shots if shot.get("scenario") != "sheets"
    )
    assert {band: each["images"] for band, each in by_labels.items()} == {
        "6-16": planned["6-16"],
        "rest": planned["rest"],
    }
    assert abs(planned["6-16"] - planned["rest"]) <= 1

    before = {path.name: path.read_bytes() for path in (out / "images").iterdir()}
    recipe = write_recipe(tmp_path, {**DATA, "images": 6}, solids)
    grown = orbitset("render", recipe, "-o", out)
    assert grown.returncode == 0, grown.stderr
    assert {name: (out / "images" / name).read_bytes() for name in before} == before
