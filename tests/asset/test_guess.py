"""Guesses speak of the file's own axes and unit: what the recipe must say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderer.asset import AssetCache, AssetSource
from renderer.asset.guess import axis_in_file, guess_unit, up_axis_of
from renderer.farm.asset_import import import_models
from tests import shapes


@pytest.mark.parametrize(("suffix", "usual"), [("obj", "y"), ("gltf", "y"), ("ply", "z")])
@pytest.mark.parametrize("given", [None, "x", "-x", "y", "-y", "z", "-z"])
def test_what_is_up_is_what_was_taken(suffix: str, usual: str, given: str | None) -> None:
    source = AssetSource(Path(f"m.{suffix}"), up_axis=given)
    assert axis_in_file("z", source) == up_axis_of(source) == (given or usual)
    assert axis_in_file("-z", source).strip("-") == (given or usual).strip("-")
    assert axis_in_file("-z", source) != axis_in_file("z", source)


def cone(path: Path, up: str) -> Path:
    """Write an OBJ or PLY of a pyramid, which stands on one side only, with an axis up."""
    order = {"x": [2, 0, 1], "y": [0, 2, 1], "z": [0, 1, 2]}[up[-1]]
    corners = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (0, 0, 1.5)]
    if up.startswith("-"):
        corners = [(x, y, -z) for x, y, z in corners]
    points = [[corner[at] for at in order] for corner in corners]
    faces = [(0, 1, 2), (0, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)]
    if path.suffix == ".ply":
        shapes.write_ply(path, np.array(points), np.array(faces, np.int32))
        return path
    lines = [f"v {x} {y} {z}" for x, y, z in points]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
    path.write_text("\n".join(lines))
    return path


def test_the_guess_is_the_axis_the_warning_names(cache: AssetCache, tmp_path: Path) -> None:
    ups = [("obj", up) for up in ("z", "-z", "x", "-x", "-y")]
    ups += [("ply", up) for up in ("y", "-y", "x", "-z")]
    sources = [AssetSource(cone(tmp_path / f"{up}_up.{kind}", up)) for kind, up in ups]
    known, errors = import_models(sources, cache)
    assert not errors
    for source, (_, up) in zip(sources, ups, strict=True):
        facts = known[source]
        assert facts.guessed_up_axis == up
        assert any(f"set up_axis: {up})" in warning for warning in facts.warnings)
    # Done as the warning says, the model stands and nothing is doubted.
    turned = [AssetSource(source.path, up_axis=known[source].guessed_up_axis) for source in sources]
    known, _ = import_models(turned, cache)
    for source in turned:
        assert known[source].guessed_up_axis == source.up_axis
        assert not any("on its side" in warning for warning in known[source].warnings)
        assert known[source].maximum[2] == pytest.approx(1.5, abs=1e-5)


def test_upright_models_are_not_doubted(cache: AssetCache, tmp_path: Path) -> None:
    sources = [
        AssetSource(cone(tmp_path / "m.obj", "y")),
        AssetSource(cone(tmp_path / "m.ply", "z")),
    ]
    known, _ = import_models(sources, cache)
    assert [known[source].guessed_up_axis for source in sources] == ["y", "z"]


def test_units() -> None:
    assert [guess_unit(longest, unitless=True) for longest in (0.1, 10, 60, 254)] == [
        *("m", "m", "cm", "mm")
    ]
    # A file that says metres is believed, up to a size no thing has.
    assert [guess_unit(longest, unitless=False) for longest in (0.1, 60, 254)] == ["m", "m", "mm"]


def test_a_given_unit_is_what_the_facts_say(cache: AssetCache, tmp_path: Path) -> None:
    source = AssetSource(cone(tmp_path / "m.obj", "y"), unit="mm")
    known, _ = import_models([source], cache)
    assert known[source].guessed_unit == "mm"
