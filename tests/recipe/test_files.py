"""Files a recipe names: patterns, and files whose own names look like patterns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Tag

from renderer.asset import AssetCache
from renderer.dataset.layout import Layout
from renderer.farm.picture_check import broken_pictures
from renderer.farm.run import Run
from renderer.plan import asset_sources
from renderer.recipe import Recipe, load_recipe
from renderer.values.colour import Colour
from renderer.values.distribution import Choice, Strict, choice_or
from renderer.values.files import (
    HDRI,
    IMAGE,
    IMAGE_SUFFIXES,
    MODEL,
    MODEL_SUFFIXES,
    TEXTURE,
    Hdri,
    ImageFile,
    TextureFile,
    files_named,
    matches,
)


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
    recipe = Recipe.model_validate(
        {
            "name": "t",
            "images": 1,
            "objects": [{"asset": "a/*.glb", "category": "a"}],
            "background": {"choice": [{"floor": {"image": "wood.jpg"}}, {"image": "a/*.jpg"}]},
            "lighting": {"world": {"choice": [{"hdri": "studio"}, {"hdri": "x.hdr"}]}},
        }
    )
    assert [(each.key, each.pattern, each.kind) for each in files_named(recipe)] == [
        (("objects", 0, "asset"), "a/*.glb", MODEL),
        (("lighting", "world", "choice", 1, "hdri"), "x.hdr", HDRI),
        (("background", "choice", 0, "floor", "image"), "wood.jpg", TEXTURE),
        (("background", "choice", 1, "image"), "a/*.jpg", IMAGE),
    ]


class Dirt(Strict):
    """A part of a recipe to come, whose keys have names that nobody thought of."""

    mask: ImageFile | None = None
    sheets: tuple[ImageFile, ...] = ("default.png",)
    pair: tuple[float, TextureFile] = (0.5, "pair.png")
    named: dict[str, ImageFile | Literal["none"]] | None = None
    either: Colour | ImageFile = "red"
    drawn: (
        Annotated[
            Annotated[ImageFile, Tag("plain")] | Annotated[Choice[ImageFile], Tag("choice")],
            choice_or("plain"),
        ]
        | None
    ) = None
    below: tuple[Dirt, ...] = ()
    glow: Hdri | float = 0.0
    label: str = "label.png"


class Dirty(Recipe):
    dirt: Dirt | tuple[Dirt, ...] | None = None


def test_a_new_key_is_found_by_its_type() -> None:
    dirt = Dirt.model_validate(
        {
            "mask": "mask.png",
            "named": {"a": "a.png", "b": "none"},
            "either": "either.png",
            "drawn": {"choice": ["one.png", "two.png"]},
            "below": [{"sheets": [], "pair": [1, "below.png"], "drawn": "d.png"}],
            "glow": "sky.hdr",
        }
    )
    assert {each.key: each.pattern for each in files_named(dirt)} == {
        ("mask",): "mask.png",
        ("sheets", 0): "default.png",
        ("pair", 1): "pair.png",
        ("named", "a"): "a.png",
        ("either",): "either.png",
        ("drawn", "choice", 0): "one.png",
        ("drawn", "choice", 1): "two.png",
        ("below", 0, "pair", 1): "below.png",
        ("below", 0, "drawn"): "d.png",
        ("glow",): "sky.hdr",
    }


def test_a_new_key_cannot_escape_fingerprint_and_checks(tmp_path: Path) -> None:
    plain = {
        "name": "t",
        "images": 1,
        "objects": [{"asset": "m.ply", "category": "m"}],
        "dirt": [{"sheets": ["*.png"], "pair": [1, "p.png"]}, {"sheets": [], "pair": [0, "p.png"]}],
    }
    for name in ("m.ply", "a.png", "p.png"):
        (tmp_path / name).write_bytes(b"not a picture")
    recipe = Dirty.model_validate(plain, context={"folder": tmp_path})

    def fingerprint() -> str:
        facts = {
            source: _Known() for each in asset_sources(recipe, tmp_path) for source in each.values()
        }
        run = Run(recipe, tmp_path, Layout(tmp_path), AssetCache(tmp_path), facts)  # type: ignore[arg-type]
        return run.fingerprint()

    before = fingerprint()
    assert fingerprint() == before
    for name in ("a.png", "p.png"):
        (tmp_path / name).write_bytes(b"another one altogether")
        after = fingerprint()
        assert after != before
        before = after
    found = broken_pictures(recipe, tmp_path, photos=5)
    assert [each.key for each in found] == [
        ("dirt", 0, "sheets", 0),
        ("dirt", 0, "pair", 1),
        ("dirt", 1, "pair", 1),
    ]
    assert found[0].sentences[0] == "a.png cannot be read: it is damaged or not an image"


class _Known:
    """What a fingerprint wants to know of a model."""

    key = "0"
