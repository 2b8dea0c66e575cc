"""Textures of models that have left the scene: still loaded, and in no picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.blender.residency import MODELS
from tests.conftest import REPOSITORY


def test_what_is_kept_is_loaded_once_and_seen_nowhere(tmp_path: Path) -> None:
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
    assert found["dropped"] > 0  # beyond the number of models kept, their textures go
