"""What goals cannot be met is named with its bound before anything is rendered."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CROWD, orbitset, write_recipe


def test_a_goal_out_of_reach(tmp_path: Path, solids: Path) -> None:
    data = {
        **CROWD,
        "objects": [{"asset": "box.ply", "category": "box"}],
        "images": 2,
        "goals": {"visibility": {"0.2-0.6": 0.5}, "tries": 60},
    }
    recipe = write_recipe(tmp_path, data, solids)
    checked = orbitset("recipe", "check", recipe)
    assert checked.returncode == 2
    bound = (
        "no pose was accepted in 60 tries; most often (60x) goals.visibility asks for 0.2-0.6 (the "
        "least visible object showed 1.00 to 1.00 of itself)"
    )
    assert bound in checked.stderr
    assert "goals.visibility 0.2-0.6: 0 of 1 tried were met" in checked.stderr
    assert "goals.visibility rest: 1 of 1 tried were met" in checked.stderr
    rendered = orbitset("render", recipe, "-o", tmp_path / "out")
    assert "warning: image" in rendered.stderr
    assert rendered.stderr.index(bound) < rendered.stderr.index("failed")
