"""orbitset recipe check: every kind of error, for people and for scripts; damaged photos, HDRIs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from renderer.colour.view_transform import blender_data
from renderer.farm.picture_check import broken_pictures
from renderer.farm.recipe_assets import try_models
from renderer.recipe import Recipe
from renderer.recipe.background import Background, Floor
from renderer.recipe.lighting import World
from tests.conftest import CROWD, orbitset, shared, write_recipe

IMAGE_KINDS = ("jpg", "png", "webp", "tif", "bmp")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good, cut off and false files of every kind of picture."""
    folder = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    exr = blender_data() / "studiolights" / "world" / "city.exr"
    shutil.copy(exr, folder / "good.exr")
    write_hdr(folder / "good.hdr")
    for kind in IMAGE_KINDS:
        Image.fromarray(noise).save(folder / f"good.{kind}")
    for kind in (*IMAGE_KINDS, "exr", "hdr"):
        whole = (folder / f"good.{kind}").read_bytes()
        (folder / f"cut.{kind}").write_bytes(whole[: len(whole) * 2 // 3])
        (folder / f"text.{kind}").write_text("not at all\n" * 100)
        (folder / f"empty.{kind}").write_bytes(b"")
    # What is found in the wild, and good: a false suffix, CMYK, one channel, junk at the end.
    Image.fromarray(noise).save(folder / "png_called.jpg", "PNG")
    Image.fromarray(noise).convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(noise[..., 0]).save(folder / "grey.png")
    (folder / "junk.jpg").write_bytes((folder / "good.jpg").read_bytes() + b"junk" * 50)
    return folder


def write_hdr(path: Path) -> None:
    rgbe = np.random.default_rng(0).integers(60, 200, (16, 32, 4), dtype=np.uint8)
    path.write_bytes(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 16 +X 32\n" + rgbe.tobytes())


def faults(folder: Path, key: str, pattern: str, photos: int = 200) -> list[str]:
    part = Background(image=pattern) if key == "image" else World(hdri=pattern)
    found = broken_pictures(part, folder, photos)
    assert all(broken.key == (key,) for broken in found)
    return [sentence for broken in found for sentence in broken.sentences]


@pytest.mark.parametrize("kind", [*IMAGE_KINDS, "exr", "hdr"])
def test_every_broken_file_is_named(pictures: Path, kind: str) -> None:
    key = "hdri" if kind in ("exr", "hdr") else "image"
    cut, empty, text = faults(pictures, key, f"[cet]*t*.{kind}")
    assert cut.startswith((f"cut.{kind} is damaged", f"cut.{kind} cannot be read"))
    assert empty == f"empty.{kind} is empty (0 bytes)"
    assert text.startswith(f"text.{kind} cannot be read: it is damaged or not an ")


def test_good_files_are_good(pictures: Path) -> None:
    for name in ("good.*", "png_called.jpg", "cmyk.jpg", "grey.png", "junk.jpg"):
        assert faults(pictures, "image", name) == []
    assert faults(pictures, "hdri", "good.*") == []


def test_a_backdrop_must_be_of_a_kind_opencv_reads(tmp_path: Path) -> None:
    """Blender reads more kinds, on floors."""
    Image.new("RGB", (8, 8), "red").save(tmp_path / "targa.png", "TGA")
    assert faults(tmp_path, "image", "targa.png")[0].startswith("targa.png cannot be read")
    assert broken_pictures(Floor(image="targa.png"), tmp_path, 200) == []


def test_shared_pictures() -> None:
    assert faults(shared("backgrounds"), "image", "*.jpg") == []
    assert faults(shared("hdris"), "hdri", "*.hdr") == []
    (broken,) = faults(shared("broken"), "image", "*.[jp][pn]g")
    assert broken.startswith("invalid_image_data.jpg cannot be read")


def test_of_very_many_photos_only_the_beginning_is_read(pictures: Path, tmp_path: Path) -> None:
    for at in range(30):
        shutil.copy(pictures / "cut.jpg", tmp_path / f"cut{at:02}.jpg")
        (tmp_path / f"text{at:02}.jpg").write_text("not at all")
    assert len(faults(tmp_path, "image", "cut*.jpg", photos=5)) == 5
    named = faults(tmp_path, "image", "text*.jpg", photos=5)
    assert len(named) == 21
    assert named[-1] == "and 10 more of its files cannot be read"


def test_nothing_is_said_but_the_result(pictures: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """libpng and OpenImageIO write to stderr by themselves."""
    faults(pictures, "image", "*.*")
    assert capfd.readouterr() == ("", "")


def test_the_key_of_a_refused_model_is_found(solids: Path, tmp_path: Path) -> None:
    for name in ("box.glb", "box.glb.ply.glb"):
        (tmp_path / name).write_bytes(b"glTF")
    shutil.copy(solids / "box.ply", tmp_path)
    objects = [{"asset": name, "category": "b"} for name in ("box.glb", "box.ply", "box.glb.*")]
    recipe = Recipe.model_validate({"name": "a", "images": 1, "objects": objects})
    known, refused = try_models(recipe, tmp_path)
    assert [source.path.name for source in known] == ["box.ply"]
    assert [key for key, _ in refused] == [("objects", 0, "asset"), ("objects", 2, "asset")]


# -- the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, solids: Path, pictures: Path) -> Path:
    folder = tmp_path_factory.mktemp("check")
    write_recipe(folder, CROWD, solids)
    (folder / "broken.glb").write_bytes(b"glTF")
    for name in ("cut.jpg", "text.jpg", "good.jpg", "cut.hdr"):
        shutil.copy(pictures / name, folder / name)
    model = {"objects": [CROWD["objects"][0], {"asset": "broken.glb", "category": "b"}]}
    behind = [{"image": "*.jpg"}, {"floor": {"image": "text.jpg"}}]
    impossible = {
        "camera": {"orbit": {"elevation_deg": -30}},
        "background": {"floor": "wood"},
        "accept": {"tries": 3},
    }
    for name, change in {
        "good": {"images": 1, "objects": [{"asset": "box.ply", "category": "box"}]},
        "typo": {"seeed": 1},
        "model": model,
        "photos": {
            **model,
            "background": {"choice": behind},
            "lighting": {"world": {"hdri": "cut.hdr"}},
        },
        "impossible": impossible,
    }.items():
        (folder / f"{name}.yaml").write_text(json.dumps({**CROWD, **change}, indent=1))
    return folder


def found(folder: Path, name: str, **options: Any) -> list[dict[str, Any]]:
    """The errors `recipe check --json` prints, each whole."""
    result = orbitset("recipe", "check", name, "--json", cwd=folder, **options)
    assert result.returncode == 2
    outcome = json.loads(result.stdout)
    assert set(outcome) == {"ok", "errors"}
    assert outcome["ok"] is False
    for error in outcome["errors"]:
        assert set(error) == {"file", "line", "column", "key", "message"}
        assert error["file"] == name
    return list(outcome["errors"])


def test_json_of_a_good_recipe(folder: Path) -> None:
    result = orbitset("recipe", "check", "good.yaml", "--json", cwd=folder)
    assert result.returncode == 0
    assert json.loads(result.stdout) == {"ok": True, "errors": []}
    told = orbitset("recipe", "check", "good.yaml", cwd=folder).stdout
    assert "is a good recipe: 1 image, 1 model, 1 pose planned in 1 try" in told


def test_json_of_every_kind_of_error(folder: Path) -> None:
    (error,) = found(folder, "typo.yaml")
    assert error["key"] == "seeed"
    assert error["line"] > 1
    (error,) = found(folder, "model.yaml")
    line = (folder / "model.yaml").read_text().splitlines()[error["line"] - 1]
    assert error["key"] == "objects[1].asset"
    assert "broken.glb" in line
    assert "broken.glb cannot be imported" in error["message"]
    errors = found(folder, "impossible.yaml")
    assert len(errors) == 8
    assert errors[0]["line"] is errors[0]["column"] is errors[0]["key"] is None
    assert "below the floor" in errors[0]["message"]
    (error,) = found(folder, "none.yaml")
    assert "cannot be read" in error["message"]
    assert error["key"] is None


def test_json_where_the_machine_is_at_fault(folder: Path) -> None:
    nowhere = {**os.environ, "ORBITSET_CACHE": "/dev/null/cache"}
    (error,) = found(folder, "good.yaml", env=nowhere)
    assert "the model cache /dev/null/cache cannot be written" in error["message"]


def test_broken_photos_are_named_with_place_and_key(folder: Path) -> None:
    errors = found(folder, "photos.yaml")
    assert [(error["key"], error["message"].split()[0]) for error in errors] == [
        ("objects[1].asset", str(folder / "broken.glb")),
        ("lighting.world.hdri", "cut.hdr"),
        ("background.choice[0].image", "cut.jpg"),
        ("background.choice[0].image", "text.jpg"),
        ("background.choice[1].floor.image", "text.jpg"),
    ]
    del errors[:2]
    lines = (folder / "photos.yaml").read_text().splitlines()
    assert "*.jpg" in lines[errors[0]["line"] - 1]
    told = orbitset("recipe", "check", "photos.yaml", cwd=folder)
    assert told.returncode == 2
    assert told.stdout == ""
    place = f"photos.yaml:{errors[0]['line']}:{errors[0]['column']}"
    assert f"error: {place}: background.choice[0].image: cut.jpg is damaged" in told.stderr
    assert len([line for line in told.stderr.splitlines() if line.startswith("error:")]) == 5


@pytest.mark.parametrize("command", ["render", "preview"])
def test_a_render_does_not_begin_with_broken_photos(folder: Path, command: str) -> None:
    """Where some of a pattern are good it would: one bad photo of many costs its images only. Of
    photos only the beginning is read: the cut one passes.
    """
    result = orbitset(command, "photos.yaml", "-o", folder / f"{command}.png", cwd=folder)
    assert result.returncode == 2
    (error,) = [part for part in result.stderr.split("error: ") if "text.jpg" in part][-1:]
    assert "background.choice[1].floor.image: text.jpg cannot be read" in error
    assert "lighting.world.hdri: cut.hdr is damaged" in error
    assert "choice[0]" not in error
    assert (
        "warning: background.choice[0].image: text.jpg cannot be read: it is damaged or not an "
        "image (images that draw it will fail)" in result.stderr
    )
    assert "cut.jpg" not in result.stderr
    assert not (folder / f"{command}.png").exists()


def test_impossible_poses_are_told_on_stderr_and_counted(folder: Path) -> None:
    result = orbitset("recipe", "check", "impossible.yaml", "--shots", 4, cwd=folder)
    assert result.returncode == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()[-4:]
    assert lines[0].startswith("error: image 0: no pose was accepted")
    assert lines[2].startswith("       image 2: no pose was accepted")
    assert lines[3] == "       and 1 more"
    three = orbitset("recipe", "check", "impossible.yaml", "--shots", 3, cwd=folder)
    assert three.stderr.splitlines()[-1].startswith("       image 2: ")
