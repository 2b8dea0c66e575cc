"""Files of images, whatever label kind wrote them: found lost, gathered, swept and measured."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from renderer.dataset.assemble import assemble, join_outputs, write_run
from renderer.dataset.files import FilesThere, of_shot
from renderer.dataset.layout import Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.parts import write_part
from renderer.dataset.read import read_pairs
from renderer.dataset.run_file import RunFile, run_head
from renderer.dataset.storage import machine_name
from renderer.farm.run import Run
from renderer.farm.run_estimate import _sizes
from renderer.plan import Planner
from renderer.recipe import Recipe
from tests import shapes
from tests.conftest import contents, orbitset, write_recipe
from tests.dataset.test_parts import image, label, line, put_files, stereo

FILES = ("images/{:08d}-0.png", "images/{:08d}-1.png", "heat/{:08d}-0.exr", "heat/{:08d}-1.exr")


@pytest.fixture
def recipe(plain_planner: Callable[..., Planner]) -> Recipe:
    data = {
        "name": "pairs",
        "images": 6,
        "objects": [{"asset": "box.ply", "category": "a"}],
        # The labels of the made-up lines have no fields of any kind.
        "labels": dict.fromkeys(("box", "mask", "amodal", "pose"), False),
    }
    return plain_planner(data, box=shapes.box((1, 1, 1))).recipe


def begun(root: Path, recipe: Recipe, lines: list[dict[str, Any]]) -> Layout:
    """A run that has rendered some shots of two views, each with a picture and a heat map."""
    layout = Layout(root)
    put_files(layout, *(each for each in lines if "images" in each))
    for path in layout.files("images", "*.png"):
        Image.new("RGB", (4, 3)).save(path)
    write_run(layout, RunFile(fingerprint="0", head=run_head(recipe, "0", "0", {})))
    write_part(layout, lines, 0)
    return layout


def run_of(layout: Layout, recipe: Recipe, cache: Any) -> Run:
    return Run(recipe, layout.root, layout, cache, {})


@pytest.mark.parametrize("form", FILES)
def test_a_shot_that_lost_any_file_is_rendered_again(
    tmp_path: Path, recipe: Recipe, cache: Any, form: str
) -> None:
    killed = {"index": 5, "quarantined": True, "failed": "died", "shot": None}
    lines = [stereo(0), line(1, "broke"), stereo(2), stereo(4), killed]
    layout = begun(tmp_path / "out", recipe, lines)
    run = run_of(layout, recipe, cache)
    assert run.pending() == [1, 3]  # the one that killed its workers is not tried again
    for lost in (0, 4):
        layout.file(form.format(lost)).unlink()
    assert run.pending() == [0, 1, 3, 4]
    result = assemble(layout)
    assert [(each.start, each.stop) for each in result.missing] == [(0, 1), (3, 5)]
    manifest = read_manifest(layout)
    assert (manifest.shots, manifest.images, manifest.annotations) == (1, 2, 2)
    assert manifest.missing == ("0", "3-4")
    assert [each.shot for each in manifest.failed] == [1, 5]
    assert [made.id for made, _ in read_pairs(layout)] == [5, 6]


def test_a_folder_of_files_that_is_gone(tmp_path: Path, recipe: Recipe, cache: Any) -> None:
    layout = begun(tmp_path / "out", recipe, [stereo(index) for index in range(6)])
    for path in (layout.root / "heat").iterdir():
        path.unlink()
    (layout.root / "heat").rmdir()
    assert run_of(layout, recipe, cache).pending() == list(range(6))


def test_gathering_brings_every_file(tmp_path: Path, recipe: Recipe) -> None:
    sources = [
        begun(tmp_path / name, recipe, [stereo(index) for index in span])
        for name, span in (("a", range(3)), ("b", range(3, 6)))
    ]
    target = Layout(tmp_path / "joined")
    join_outputs(sources, target)
    result = assemble(target)
    assert (result.shots, result.images, result.missing) == (6, 12, [])
    for index in range(6):
        for form in FILES:
            assert (target.root / form.format(index)).is_file()


def test_drafts_are_swept_from_every_folder(tmp_path: Path, recipe: Recipe) -> None:
    layout = begun(tmp_path / "out", recipe, [stereo(index) for index in range(6)])
    dead = subprocess.Popen(["true"])
    dead.wait()
    drafts = [
        layout.root / folder / f".00000001-0.x.{machine_name()}.{dead.pid}.orbitset-draft"
        for folder in ("images", "heat", "parts")
    ]
    for draft in drafts:
        draft.write_bytes(b"half")
    assemble(layout)
    assert not any(draft.exists() for draft in drafts)


def test_an_estimate_counts_every_file_of_a_shot(tmp_path: Path, recipe: Recipe) -> None:
    layout = begun(tmp_path / "out", recipe, [stereo(0), stereo(1)])
    for form in FILES:
        layout.file(form.format(1)).write_bytes(b"")
    before = _sizes(layout)
    for number, form in enumerate(FILES):
        layout.file(form.format(1)).write_bytes(bytes(1000 * 10**number))
    after = _sizes(layout)
    assert [now - then for now, then in zip(after, before, strict=True)] == [0, 1_111_000]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images/00000012.png", "images/00000345.png"),
        ("depth/00000012-00000012.exr", "depth/00000345-00000012.exr"),
        ("00000012/00000012-03.png", "00000012/00000345-03.png"),
        ("00000012.png", "00000345.png"),
    ],
)
def test_paths_of_another_shot(path: str, expected: str) -> None:
    assert of_shot(path, 12, 345) == expected


def test_files_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    for name in ("top", "a/one", "a/b/two"):
        (tmp_path / name).touch()
    there = FilesThere(Layout(tmp_path))
    assert all(name in there for name in ("top", "a/one", "a/b/two", "a/b"))
    assert not any(name in there for name in ("one", "a/two", "b/two", "c/one"))


def test_views_may_be_called_as_they_like(tmp_path: Path, recipe: Recipe, cache: Any) -> None:
    """Also by eight digits, as an index is."""

    def pair(index: int) -> dict[str, Any]:
        made = [image(index, view, (), views=2) for view in range(2)]
        for each in made:
            path = f"images/{index:08d}-{each['id'] % 2:08d}.png"
            each |= {"file_name": path, "files": {"picture": {"path": path, "blake2b": ""}}}
        labelled = [{"image": each, "annotations": [label(1)]} for each in made]
        return {**line(index), "images": labelled}

    layout = begun(tmp_path / "out", recipe, [pair(index) for index in range(6)])
    assert run_of(layout, recipe, cache).pending() == []


def test_a_lost_depth_map_of_a_pair_is_found_and_rendered_again(
    tmp_path: Path, solids: Path
) -> None:
    data = {
        "name": "pair",
        "images": 2,
        "objects": [{"asset": "box.ply", "category": "box"}],
        "camera": {"resolution": [48, 36], "rig": {"stereo": {"baseline_m": 0.1}}},
        "labels": {
            **dict.fromkeys(("depth", "flow", "boxes3d", "object_coordinates", "tracks"), True),
            "normals": {"frame": "world"},
        },
        "render": {"samples": 1, "denoise": False},
    }
    recipe, out = write_recipe(tmp_path / "r", data, solids), tmp_path / "out"
    assert orbitset("render", recipe, "-o", out).returncode == 0
    whole = contents(out)
    lost = out / "depth/00000001-right.exr"
    lost.unlink()
    found = orbitset("dataset", "validate", out)
    assert found.returncode == 1
    assert "depth/00000001-right.exr cannot be read (no such file)" in found.stderr
    merged = orbitset("dataset", "merge", out)
    assert "2 images with 2 objects" in merged.stdout
    assert "1 shot is missing: 1" in merged.stderr
    assert orbitset("render", recipe, "-o", out).returncode == 0
    assert contents(out) == whole
    assert orbitset("dataset", "validate", out).returncode == 0
    assert orbitset("dataset", "merge", out, "-o", tmp_path / "joined").returncode == 0
    assert contents(tmp_path / "joined") == whole
