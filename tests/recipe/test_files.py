"""Files a recipe names: patterns, and files whose own names look like patterns."""

from __future__ import annotations

from pathlib import Path

from renderer.recipe import load_recipe
from renderer.recipe.files import IMAGE_SUFFIXES, MODEL_SUFFIXES, files_by_place, matches


def test_a_file_called_like_a_pattern_is_itself(tmp_path: Path) -> None:
    for name in ("soup[red].stl", "soupr.stl", "soupe.stl", "what?.stl"):
        (tmp_path / name).write_text("solid")
    (tmp_path / "[day] sky.jpg").write_text("x")
    assert matches(tmp_path, "soup[red].stl", MODEL_SUFFIXES) == ["soup[red].stl"]
    assert matches(tmp_path, "what?.stl", MODEL_SUFFIXES) == ["what?.stl"]
    assert matches(tmp_path, "[day] sky.jpg", IMAGE_SUFFIXES) == ["[day] sky.jpg"]
    (tmp_path / "r.yaml").write_text(
        "name: a\nimages: 1\nobjects: [{asset: 'soup[red].stl', category: soup}]\n"
        "background: {image: '[day] sky.jpg'}\n"
    )
    assert load_recipe(tmp_path / "r.yaml").recipe.objects[0].asset == "soup[red].stl"
    (tmp_path / "soup[red].stl").unlink()
    assert matches(tmp_path, "soup[red].stl", MODEL_SUFFIXES) == ["soupe.stl", "soupr.stl"]


def test_a_pattern_too_long_for_a_name_matches_nothing(tmp_path: Path) -> None:
    assert matches(tmp_path, "*" + "a" * 5000, MODEL_SUFFIXES) == []


def test_files_are_found_with_the_way_to_their_key() -> None:
    data = {
        "background": {"choice": [{"floor": {"image": "wood.jpg"}}, {"image": "a/*.jpg"}]},
        "lighting": {"world": {"choice": [{"hdri": "studio"}, {"hdri": "x.hdr"}]}},
    }
    assert files_by_place(data) == [
        (("background", "choice", 0, "floor", "image"), "wood.jpg"),
        (("background", "choice", 1, "image"), "a/*.jpg"),
        (("lighting", "world", "choice", 1, "hdri"), "x.hdr"),
    ]
