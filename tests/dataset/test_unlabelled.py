"""An object that no pixel shows has no label, and the dataset says so."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import orbitset, write_recipe


def test_image_manifest_and_program_say_what_has_no_label(tmp_path: Path, solids: Path) -> None:
    recipe = {
        "name": "inside",
        "images": 2,
        "objects": [
            {"asset": "box.ply", "category": "crate", "position_m": [0, 0, 0]},
            {"asset": "ball.ply", "category": "part", "scale": 0.1, "position_m": [0, 0, 0.3]},
        ],
        "camera": {"resolution": [64, 48]},
        "render": {"samples": 1, "denoise": False},
        "accept": {"min_visibility": 0, "max_truncation": 1},
    }
    out = tmp_path / "out"
    result = orbitset("render", write_recipe(tmp_path, recipe, solids), "-o", out)
    assert result.returncode == 0, result.stderr
    assert "2 images say: part has no visible pixel, and so no label" in result.stderr
    labels = json.loads((out / "annotations" / "instances.json").read_text())
    assert [record["category_id"] for record in labels["annotations"]] == [1, 1]
    for image in labels["images"]:
        (said,) = image["warnings"]
        assert said.startswith("part has no visible pixel")
    manifest = json.loads((out / "manifest.json").read_text())
    assert any("part has no visible pixel" in warning for warning in manifest["warnings"])
    assert "part has no visible pixel" in (out / "report.html").read_text()
    assert orbitset("dataset", "validate", out).returncode == 0
    # An image that does not say so has lost a label.
    text = (out / "annotations" / "instances.json").read_text()
    start = text.index('"warnings":["part')
    stop = text.index("]", start) + 1
    (out / "annotations" / "instances.json").write_text(f'{text[:start]}"warnings":[]{text[stop:]}')
    result = orbitset("dataset", "validate", out)
    assert result.returncode == 1
    assert "object 2 (part) has no annotation" in result.stdout + result.stderr
