"""Dropped objects from the command line: checked, planned, rendered in shards to the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import shapes
from tests.conftest import contents, orbitset
from tests.plan.drop.solids import SOLIDS

RECIPE: dict[str, Any] = {
    "name": "bin",
    "images": 4,
    "objects": [
        {"asset": f"{name}.ply", "category": name, "count": {"integers": [1, 2]}}
        for name in ("box", "can")
    ],
    "arrangement": {"drop": {"choice": [{"bin": {"shape": "tray"}}, "pile"]}},
    "camera": {"resolution": [64, 48], "orbit": {"elevation_deg": 60}},
    "accept": {"min_visibility": 0.05},
    "background": {"floor": "wood"},
    "render": {"samples": 1},
}


def test_checked_planned_and_rendered_in_shards(tmp_path: Path) -> None:
    for name in ("box", "can"):
        shapes.write_ply(tmp_path / f"{name}.ply", *SOLIDS[name])
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(json.dumps(RECIPE))
    checked = orbitset("recipe", "check", recipe)
    assert checked.returncode == 0, checked.stderr
    dry = orbitset("render", recipe, "-o", tmp_path / "dry", "--dry-run")
    assert dry.returncode == 0, dry.stderr

    whole = orbitset("render", recipe, "-o", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    shots = [
        json.loads(line) for line in (tmp_path / "whole" / "shots.jsonl").read_text().splitlines()
    ]
    bins = [each for shot in shots for each in shot["objects"] if each["category"] is None]
    assert 0 < len(bins) < 4
    assert {each["file"] for each in bins} == {"arrangement.drop.bin.tray"}
    labels = json.loads((tmp_path / "whole" / "annotations" / "instances.json").read_text())
    assert [each["name"] for each in labels["categories"]] == ["box", "can"]
    assert len(labels["annotations"]) == sum(len(s["objects"]) for s in shots) - len(bins)

    halves = [tmp_path / f"half{number}" for number in range(2)]
    for number, out in enumerate(halves):
        done = orbitset("render", recipe, "-o", out, "--shard", f"{number}/2")
        assert done.returncode == 0, done.stderr
    merged = orbitset("dataset", "merge", *halves, "-o", tmp_path / "merged")
    assert merged.returncode == 0, merged.stderr
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")
