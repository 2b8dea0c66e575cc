"""Textures stay decoded between shots, of models that leave the scene and come back, too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.blender.residency import MODELS
from tests.conftest import REPOSITORY


def test_textures_are_loaded_once(tmp_path: Path) -> None:
    cases = REPOSITORY / "tests" / "cases"
    result = subprocess.run(
        [sys.executable, "-m", "tests.blender.residency", str(cases), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found["first"] >= len(MODELS)
    assert found["again"] == 0
    assert len(found["equal"]) == 4 * len(MODELS)
    assert all(found["equal"])
    # Beyond the number of models kept, and the memory for textures, they go.
    assert found["dropped"] > 0
    assert found["over_budget"] > 0
