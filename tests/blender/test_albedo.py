"""Albedo is the colour that a model's file gives its surface, whatever the light."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.colour.srgb import to_linear
from renderer.dataset.layout import Layout
from renderer.dataset.validate import validate
from renderer.recipe import load_recipe
from renderer.recipe.problem import RecipeError
from renderer.truth.raster import decode_exr
from tests import shapes
from tests.conftest import orbitset

# By the file, linear: a dull one, and a metal.
COLOURS = {"dull": (0.8, 0.2, 0.1), "metal": (0.1, 0.3, 0.7)}
SIZE = 64, 48


def write_models(folder: Path) -> None:
    points, faces = shapes.box((0.6, 0.4, 0.8))
    for name, colour in COLOURS.items():
        metal = "Pm 1.0\nPr 0.4\n" if name == "metal" else ""
        red, green, blue = colour
        (folder / f"{name}.mtl").write_text(f"newmtl m\nKd {red} {green} {blue}\n{metal}")
        lines = [f"mtllib {name}.mtl", "usemtl m"]
        lines += [f"v {x} {y} {z}" for x, y, z in points]
        lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces]
        (folder / f"{name}.obj").write_text("\n".join(lines) + "\n")


def recipe(**more: Any) -> dict[str, Any]:
    return {
        "name": "albedo",
        "images": 2,
        "objects": [{"asset": f"{name}.obj", "category": name} for name in COLOURS],
        "camera": {"resolution": SIZE},
        "lighting": {"world": {"color": {"choice": ["#402010", "#ffffff"]}}},
        "background": {"color": "white"},
        "render": {"samples": 4, "denoise": False},
        "labels": {"albedo": True, "instances": True},
        **more,
    }


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("albedo")
    write_models(folder)
    runs = {
        "on": recipe(),
        "off": recipe(labels={}),
        "exr": recipe(images=1, labels={"albedo": {"format": "exr"}, "instances": True}),
    }
    for name, data in runs.items():
        (folder / f"{name}.yaml").write_text(json.dumps(data))
        result = orbitset("render", folder / f"{name}.yaml", "-o", folder / name)
        assert result.returncode == 0, result.stderr
    return folder


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Albedo (h, w, 3) linear and instances (h, w) of the first image."""
    instances = np.asarray(Image.open(folder / "instances/00000000.png"))
    png = folder / "albedo/00000000.png"
    if png.is_file():
        return to_linear(np.asarray(Image.open(png), np.float32) / 255), instances
    return decode_exr((folder / "albedo/00000000.exr").read_bytes(), SIZE), instances


@pytest.mark.parametrize("format", ["on", "exr"])
def test_surfaces_have_the_colours_of_their_file(rendered: Path, format: str) -> None:
    albedo, instances = read(rendered / format)
    for number, colour in enumerate(COLOURS.values(), start=1):
        mask = (instances == number).astype(np.uint8)
        inner = cv2.erode(mask, np.ones((5, 5), np.uint8)) > 0
        assert inner.sum() > 20
        # Metals have the sheen of their edges, too.
        assert np.median(albedo[inner], axis=0) == pytest.approx(colour, abs=0.06)
    assert (albedo[instances == 0] == 0).all()  # not the floor that catches shadows


def test_pictures_are_the_same_with_and_without(rendered: Path) -> None:
    for name in ("00000000.png", "00000001.png"):
        one, other = ((rendered / of / "images" / name).read_bytes() for of in ("on", "off"))
        assert one == other


def test_validation_says_that_it_only_decodes_and_finds_damage(
    rendered: Path, tmp_path: Path
) -> None:
    from tests.dataset.edits import edit_labels

    found = validate(Layout(rendered / "on"), None)
    assert found.findings == []
    assert "albedo files were decoded and no more: only a render tells what is in them" in list(
        found.notes()
    )
    import hashlib
    import shutil

    shutil.copytree(rendered / "on", tmp_path / "copy")
    path = tmp_path / "copy/albedo/00000001.png"
    Image.new("L", SIZE).save(path)
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    edit_labels(
        tmp_path / "copy", lambda d: d["images"][1]["files"]["albedo"].update(blake2b=digest)
    )
    (finding,) = validate(Layout(tmp_path / "copy"), None).findings
    assert "its albedo file is wrong: it has one channel, and should have three" in finding


@pytest.mark.parametrize("engine", ["workbench", "eevee"])
def test_engines_that_cannot_tell_are_refused(tmp_path: Path, engine: str) -> None:
    write_models(tmp_path)
    data = recipe(render={"engine": engine}, background={"world": True})
    (tmp_path / "r.yaml").write_text(json.dumps(data))
    with pytest.raises(RecipeError, match=r"labels\.albedo.*choose another render\.engine"):
        load_recipe(tmp_path / "r.yaml")
