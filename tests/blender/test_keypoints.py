"""Named points through the import: files beside models, and empties in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from renderer.asset import AssetCache, AssetFacts, AssetSource
from renderer.farm.asset_import import import_models
from renderer.geometry.surface import distance_to_surface
from tests import shapes

# A cube about (1, 2, 3) with an empty of its own, one of the world, and one that is no keypoint.
_EXPORT = """
import bpy, sys
path = sys.argv[1]
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.mesh.primitive_cube_add(size=2, location=(1, 2, 3))
cube = bpy.context.object
for name, place, parent in (
    ("keypoint.tip", (1, 2, 4), None), ("keypoint.left", (-1, 0, 0), cube), ("other", (0, 0, 0), None)
):
    empty = bpy.data.objects.new(name, None)
    empty.location, empty.parent = place, parent
    bpy.context.scene.collection.objects.link(empty)
for suffix, write in {
    "blend": lambda to: bpy.ops.wm.save_as_mainfile(filepath=to),
    "glb": lambda to: bpy.ops.export_scene.gltf(filepath=to),
    "fbx": lambda to: bpy.ops.export_scene.fbx(filepath=to),
    "usdc": lambda to: bpy.ops.wm.usd_export(filepath=to),
}.items():
    write(path + "." + suffix)
"""
BOX = (0.6, 0.4, 0.8)


def take(cache: AssetCache, path: Path, **how: str) -> AssetFacts:
    source = AssetSource(path, **how)
    known, errors = import_models([source], cache)
    assert not errors
    return known[source]


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cube in each format."""
    folder = tmp_path_factory.mktemp("marked")
    subprocess.run(
        [sys.executable, "-c", _EXPORT, str(folder / "cube")],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return folder


@pytest.mark.parametrize("kind", ["blend", "glb", "fbx", "usdc"])
def test_empties_in_the_file_are_points(cache: AssetCache, marked: Path, kind: str) -> None:
    facts = take(cache, marked / f"cube.{kind}")
    assert facts.keypoints is not None
    assert facts.keypoints.named.names == ("left", "tip")
    positions = np.array(facts.keypoints.positions)
    assert positions == pytest.approx(np.array([[0, 2, 3], [1, 2, 4]]), abs=1e-6)
    assert facts.warnings == ()


def test_empties_follow_how_the_model_is_read(cache: AssetCache, marked: Path) -> None:
    facts = take(cache, marked / "cube.glb", unit="cm", up_axis="z")
    assert facts.keypoints is not None
    # Y up as the file has it, taken as Z up: (x, z, -y) of what Blender says.
    positions = np.array(facts.keypoints.positions)
    assert positions == pytest.approx(np.array([[0, 0.03, -0.02], [0.01, 0.04, -0.02]]), abs=1e-6)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return shapes.write_ply(tmp_path / "box.ply", *shapes.box(BOX))


def write(box: Path, text: str) -> None:
    box.with_suffix(".keypoints.yaml").write_text(text, encoding="utf-8")


def test_a_file_beside_the_model_is_part_of_it(cache: AssetCache, box: Path) -> None:
    """Added, changed or taken away, it makes another asset of it; and back again the same."""
    bare = take(cache, box)
    write(box, "points: {top: [0, 0, 0.8]}")
    one = take(cache, box)
    write(box, "points: {top: [0.1, 0, 0.8]}")
    other = take(cache, box)
    assert bare.keypoints is None
    assert one.keypoints is not None
    assert other.keypoints is not None
    assert other.keypoints.positions == ((0.1, 0.0, 0.8),)
    assert len({bare.key, one.key, other.key}) == 3
    box.with_suffix(".keypoints.yaml").unlink()
    assert take(cache, box).key == bare.key


def test_a_copy_by_another_name_has_a_file_of_its_own(cache: AssetCache, box: Path) -> None:
    """Both were imported without one: the copy's is noticed all the same."""
    copy = box.with_name("copy.ply")
    copy.write_bytes(box.read_bytes())
    assert take(cache, box).keypoints is None
    assert take(cache, copy).keypoints is None
    write(copy, "points: {top: [0, 0, 0.8]}")
    assert take(cache, copy).keypoints is not None
    assert take(cache, box).keypoints is None


def test_a_mistake_refuses_the_model(cache: AssetCache, box: Path) -> None:
    write(box, "points: {top: [0, 0, 0.8]}\nskeleton: [[top, bottom]]")
    _, (error,) = import_models([AssetSource(box)], cache)
    assert "box.keypoints.yaml:2:18: skeleton[0][1]: there is no point 'bottom'" in str(error)


def test_doubtful_places_are_told(cache: AssetCache, box: Path) -> None:
    write(
        box,
        "points:\n  mm: [300, 200, 800]\n  deep: [0, 0, 0.4]\n  near: [0.302, 0, 0.4]\n"
        "  joint: {at: [0, 0, 0.4], inside_m: 0.2}\n  away: [0.4, 0, 0.4]\n",
    )
    assert take(cache, box).warnings == (
        "keypoint mm lies far outside of the model, which is 0.8 m long: points are in metres",
        "keypoints deep, away lie up to 0.2 m away from the surface: a point below it is never "
        "seen unless it has inside_m",
    )


def test_distance_to_a_box_is_that_on_paper() -> None:
    points, faces = shapes.box(BOX)
    given = np.random.default_rng(1).uniform((-0.6, -0.5, -0.4), (0.6, 0.5, 1.2), (300, 3))
    beyond = np.abs(given - (0, 0, 0.4)) - np.array(BOX) / 2
    outside = np.linalg.norm(np.maximum(beyond, 0), axis=1)
    expected = np.where(outside > 0, outside, -beyond.max(axis=1))
    assert distance_to_surface(given, points[faces]) == pytest.approx(expected, abs=1e-12)
