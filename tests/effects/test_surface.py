"""Surfaces: drawn for each object, of no effect on any label, gone after the shot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from renderer.effects.surface.effect import ObjectSurface
from renderer.plan import Planner
from tests import shapes
from tests.conftest import contents, orbitset, write_recipe

Maker = Callable[..., Planner]
SCENE: dict[str, Any] = {
    "name": "t",
    "images": 20,
    "objects": [{"asset": "ball.ply", "category": "ball", "count": 2}],
    "camera": {"resolution": [96, 64], "orbit": {"azimuth_deg": 0, "elevation_deg": 30}},
    "lighting": {"world": {"color": "white"}},
    "background": {"color": "black", "shadows": False},
    "render": {"samples": 16, "denoise": False},
    "accept": {"min_visibility": 0.9},
}
SOLIDS = {"ball": shapes.sphere(rings=12), "box": shapes.box((0.6, 0.4, 0.8))}
# Nothing is changed by these; each test names what it looks at.
STILL: dict[str, Any] = {
    "hue_deg": 0,
    "saturation": 1,
    "value": 1,
    "roughness": 0,
    "grain": 0,
    "bump_mm": 0,
    "wear": 0,
    "dirt": 0,
    "print_shift": 0,
}


def scene(**keys: Any) -> dict[str, Any]:
    return {**SCENE, "effects": {"surface": {**STILL, **keys}}}


def drawn(planner: Planner, index: int) -> tuple[ObjectSurface, ...]:
    objects: tuple[ObjectSurface, ...] = planner.shot(index).effects[0].objects
    return objects


def test_two_of_one_model_differ(plain_planner: Maker) -> None:
    planner = plain_planner({**SCENE, "effects": {"surface": {}}}, **SOLIDS)
    for index in range(5):
        one, other = drawn(planner, index)
        assert one.materials != other.materials
        assert one.origin != other.origin
        assert (one.wear, one.dirt, one.bump_m) != (other.wear, other.dirt, other.bump_m)


def test_one_key_changes_one_thing_and_others_nothing(plain_planner: Maker) -> None:
    more = [{"asset": "box.ply", "category": "box"}, *SCENE["objects"]]
    plain = {**SCENE, "effects": {"surface": {}}}
    first, dirty, crowded = (
        plain_planner(data, **SOLIDS)
        for data in (
            plain,
            {**SCENE, "effects": {"surface": {"dirt": 1}}},
            {**plain, "objects": more},
        )
    )
    for index in range(3):
        before = drawn(first, index)
        assert [each.model_copy(update={"dirt": 1.0}) for each in before] == list(
            drawn(dirty, index)
        )
        moved = [each.model_copy(update={"instance": 0}) for each in drawn(crowded, index)[1:]]
        assert moved == [each.model_copy(update={"instance": 0}) for each in before]


def test_metal_has_its_chance(plain_planner: Maker) -> None:
    planner = plain_planner(scene(metal=0.3), **SOLIDS)
    metal = [each.materials[0].metal for index in range(150) for each in drawn(planner, index)]
    assert np.mean(metal) == pytest.approx(0.3, abs=0.08)


def albedo(planner: Planner, renderer: Any) -> np.ndarray:
    """The colours (n, 3) of the surfaces of the balls, as the engine has them."""
    frame = renderer.render(planner.shot(0))[0]
    passes: np.ndarray = frame.passes["albedo"][frame.index > 0]
    return passes


def test_value_and_hue_are_those_said(make_planner: Maker, scene_renderer: Any) -> None:
    """A grey model at half its value; a red one whose hue is turned by a third is green."""
    plain = np.median(albedo(make_planner(scene()), scene_renderer), axis=0)
    half = np.median(albedo(make_planner(scene(value=0.5)), scene_renderer), axis=0)
    assert half == pytest.approx(plain / 2, rel=0.1)
    assert np.ptp(plain) < 0.01


def test_grain_is_fine_and_bumps_are_seen(make_planner: Maker, scene_renderer: Any) -> None:
    """Neighbouring pixels of a grey ball are alike without grain, and differ with it."""
    small = [{**SCENE["objects"][0], "size_m": 0.15}]
    made = []
    for keys in ({}, {"grain": 1}, {"bump_mm": 0.2}):
        planner = make_planner({**scene(**keys), "objects": small})
        made.append(scene_renderer.render(planner.shot(0))[0])
    flat, grainy, bumpy = made
    there = flat.index > 0
    beside = there[:, 1:] & there[:, :-1]
    shade = grainy.passes["albedo"][..., 0] / np.maximum(flat.passes["albedo"][..., 0], 1e-6)
    assert np.diff(shade, axis=1)[beside].std() > 0.02
    assert np.abs(bumpy.color - flat.color)[there].mean() > 0.001
    assert np.array_equal(bumpy.index, flat.index)


def test_nothing_of_it_is_left(make_planner: Maker, scene_renderer: Any) -> None:
    import bpy

    used, plain = make_planner({**SCENE, "effects": {"surface": {}}}), make_planner(SCENE)
    before = scene_renderer.render(plain.shot(0))[0]
    materials, groups = len(bpy.data.materials), len(bpy.data.node_groups)
    first = scene_renderer.render(used.shot(0))[0]
    assert not np.array_equal(first.color, before.color)
    assert np.array_equal(first.index, before.index)
    assert np.array_equal(scene_renderer.render(used.shot(0))[0].color, first.color)
    assert np.array_equal(scene_renderer.render(plain.shot(0))[0].color, before.color)
    assert (len(bpy.data.materials), len(bpy.data.node_groups)) == (materials, groups)


def test_a_texture_with_opacity_is_not_shifted(scene_renderer: Any) -> None:
    """One that gives colour alone is; neither is one that gives relief."""
    import bpy

    from renderer.effects.surface.blender import _shift_prints

    for outputs, shifted in (
        ({"Base Color": "Color"}, True),
        ({"Base Color": "Color", "Alpha": "Alpha"}, False),
        ({"Base Color": "Color", "Roughness": "Color"}, False),
    ):
        material = bpy.data.materials.new("m")
        material.use_nodes = True
        tree = material.node_tree
        shader, image = tree.nodes["Principled BSDF"], tree.nodes.new("ShaderNodeTexImage")
        for key, output in outputs.items():
            tree.links.new(image.outputs[output], shader.inputs[key])
        _shift_prints(tree, (0.01, 0.02))
        assert image.inputs["Vector"].is_linked == shifted
        bpy.data.materials.remove(material)


def test_no_label_byte_changes(solids: Path, tmp_path: Path) -> None:
    """All files of a dataset but the pictures, its recipe and what names that."""
    labels = {"depth": {}, "normals": {}, "mask": {}, "amodal": {}, "instances": {}}
    made = []
    for name, data in (("plain", SCENE), ("used", {**SCENE, "effects": {"surface": {}}})):
        recipe = write_recipe(tmp_path / name, {**data, "images": 2, "labels": labels}, solids)
        done = orbitset("render", recipe, "-o", tmp_path / name / "out")
        assert done.returncode == 0, done.stderr
        made.append(contents(tmp_path / name / "out"))
    plain, used = made
    annotations = "annotations/instances.json"
    same = [
        file for file in plain if not file.startswith(("images/", "annotations/")) and "/" in file
    ]
    assert len(same) == 6  # depth, normals and instances of two images
    for file in same:
        assert _digest(plain[file]) == _digest(used[file]), file
    one, other = (json.loads(each[annotations]) for each in made)
    for part in ("annotations", "categories"):
        assert one[part] == other[part], part
    assert plain["images/00000000.png"] != used["images/00000000.png"]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
