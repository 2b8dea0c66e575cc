"""orbitset asset inspect: many files at once, good and bad, told apart."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from renderer.commands.asset import thumbnail_names
from tests import shapes
from tests.conftest import orbitset


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory, solids: Path) -> Path:
    """Two good models called alike, a Z-up OBJ, a huge one, and what is no model."""
    folder = tmp_path_factory.mktemp("models")
    for kind in ("box", "ball"):
        (folder / kind).mkdir()
        shutil.copy(solids / f"{kind}.ply", folder / kind / "model.ply")
    (folder / "broken.glb").write_bytes(b"glTF")
    (folder / "README.md").write_text("models")
    shapes.write_ply(folder / "huge.ply", *shapes.box((254.0, 20.0, 10.0)))
    points = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0), (0, 0, 1.5)]
    faces = ["1 2 3", "1 3 4", "1 2 5", "2 3 5", "3 4 5", "4 1 5"]
    lines = [f"v {x} {y} {z}" for x, y, z in points] + [f"f {face}" for face in faces]
    (folder / "lying.obj").write_text("\n".join(lines))
    return folder


def test_one_bad_file_does_not_stop_the_others(models: Path) -> None:
    files = sorted(models.iterdir())
    result = orbitset("asset", "inspect", *files, models / "none.glb", "--no-thumbnail")
    assert result.returncode == 2
    errors = [line for line in result.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 5
    for name, why in {
        "README.md": "is not a model: its name must end in .glb",
        "ball": "is a folder: name the models in it",
        "box": "is a folder",
        "broken.glb": "cannot be imported",
        "none.glb": "no such file",
    }.items():
        assert any(f"{models / name}" in error and why in error for error in errors), name
    assert str(models / "huge.ply") in result.stdout
    assert str(models / "lying.obj") in result.stdout
    found = json.loads(orbitset("asset", "inspect", *files, "--no-thumbnail", "--json").stdout)
    assert [Path(facts["file"]).name for facts in found["models"]] == ["huge.ply", "lying.obj"]
    assert len(found["errors"]) == 4


def test_progress_tells_which_of_how_many(models: Path, tmp_path: Path) -> None:
    fresh = {**os.environ, "ORBITSET_CACHE": str(tmp_path)}
    files = [models / "box" / "model.ply", models / "ball" / "model.ply"]
    result = orbitset("asset", "inspect", *files, "--no-thumbnail", env=fresh)
    assert result.stderr.splitlines() == [
        "importing box/model.ply (1 of 2)",
        "importing ball/model.ply (2 of 2)",
    ]
    again = orbitset("asset", "inspect", *files, "--no-thumbnail", env=fresh)
    assert again.stderr == ""


def test_warnings_name_their_file_and_agree_with_the_facts(models: Path) -> None:
    lying, huge = models / "lying.obj", models / "huge.ply"
    result = orbitset("asset", "inspect", lying, huge, "--no-thumbnail")
    assert result.returncode == 0
    assert f"warning: {lying}: seems to lie on its side (if so, set up_axis: z)" in result.stderr
    assert f"warning: {huge}: is 254 m long" in result.stderr
    assert "looks as if z is up (y is taken, the usual for its format)" in result.stdout
    assert "may be mm" in result.stdout
    assert "metres" not in result.stdout.split("huge.ply")[1]
    given = orbitset(
        *("asset", "inspect", lying, "--up-axis", "z", "--unit", "cm", "--no-thumbnail")
    )
    assert "up axis    z, as given, and it looks upright" in given.stdout
    assert "unit       cm, as given" in given.stdout
    assert "0.02 x 0.02 x 0.015 m (width x depth x height)" in given.stdout
    assert "warning" not in given.stderr


def test_thumbnails_of_models_called_alike_are_two(models: Path, tmp_path: Path) -> None:
    files = [models / "box" / "model.ply", models / "ball" / "model.ply"]
    result = orbitset("asset", "inspect", *files, "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    names = ["ball-model.thumbnail.png", "box-model.thumbnail.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(str(tmp_path / name) in result.stdout for name in names)
    drawn = [Image.open(tmp_path / name).tobytes() for name in names]
    assert drawn[0] != drawn[1]


def test_names_of_thumbnails() -> None:
    paths = [Path(path) for path in ("/a/x/m.glb", "/b/x/m.glb", "/b/y/m.glb", "/b/y/m.obj")]
    paths += [Path("/c/lone.glb"), Path("/c/x-m.glb"), Path("/c/lone.glb")]
    names = thumbnail_names(paths)
    assert len(set(names.values())) == len(names) == 6
    assert names[Path("/c/lone.glb")] == "lone.thumbnail.png"
    assert names[Path("/b/y/m.obj")] == "y-m.obj.thumbnail.png"


def test_a_model_called_like_a_pattern_can_be_drawn(tmp_path: Path, solids: Path) -> None:
    shutil.copy(solids / "box.ply", tmp_path / "soup[red].ply")
    shutil.copy(solids / "ball.ply", tmp_path / "soupr.ply")
    result = orbitset("asset", "inspect", tmp_path / "soup[red].ply", "-o", tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "soup[red].thumbnail.png").exists()
    assert "0.6 x 0.4 x 0.8 m" in result.stdout


def test_thumbnails_go_to_a_local_folder(models: Path, tmp_path: Path) -> None:
    model = models / "box" / "model.ply"
    result = orbitset("asset", "inspect", model, "-o", "s3://bucket/x", cwd=tmp_path)
    assert result.returncode == 2
    assert "error: -o takes a local folder here" in result.stderr
    assert list(tmp_path.iterdir()) == []
