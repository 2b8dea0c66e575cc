"""Roughness: drawn for each object, changed in copies of the materials, gone after the shot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from renderer.effects.roughness.effect import ObjectRoughness, RoughnessConfig
from renderer.plan import Planner
from tests import shapes

Maker = Callable[..., Planner]
BALLS: dict[str, Any] = {
    "name": "t",
    "images": 20,
    "objects": [{"asset": "ball.ply", "category": "ball", "count": 2}],
    "camera": {"resolution": [96, 64], "orbit": {"azimuth_deg": 0, "elevation_deg": 30}},
    "lighting": {
        "world": {"color": "black"},
        "lights": {"type": "sun", "azimuth_deg": 0, "elevation_deg": 60, "size": 2},
    },
    "background": {"color": "black", "shadows": False},
    "render": {"samples": 16, "denoise": False},
    "accept": {"min_visibility": 0.9},
}
VARIED = {**BALLS, "effects": {"roughness": {"value": {"uniform": [0, 1]}}}}
SOLIDS = {"ball": shapes.sphere(rings=12), "box": shapes.box((0.6, 0.4, 0.8))}


def test_each_object_draws_its_own(plain_planner: Maker) -> None:
    planner = plain_planner(VARIED, **SOLIDS)
    values = np.array(
        [[each.value for each in planner.shot(index).effects[0].objects] for index in range(20)]
    )
    assert values.shape == (20, 2)
    assert len(np.unique(values)) == 40
    assert values.min() < 0.1
    assert values.max() > 0.9


def test_other_objects_change_nothing_of_it(plain_planner: Maker) -> None:
    more = [{"asset": "box.ply", "category": "box"}, *BALLS["objects"]]
    few, many = (plain_planner(data, **SOLIDS) for data in (VARIED, {**VARIED, "objects": more}))
    for index in range(5):
        alone = [each.value for each in few.shot(index).effects[0].objects]
        assert [each.value for each in many.shot(index).effects[0].objects][1:] == alone


def test_one_of_both_keys_is_needed() -> None:
    for wrong in ({}, {"shift": 0.1, "value": 0.5}):
        with pytest.raises(ValidationError, match="either shift or value"):
            RoughnessConfig.model_validate(wrong)


def with_values(planner: Planner, *values: float) -> Any:
    """The first shot with the roughness of its objects as given."""
    shot = planner.shot(0)
    objects = tuple(
        ObjectRoughness(instance=at, shift=None, value=value)
        for at, value in enumerate(values, start=1)
    )
    state = shot.effects[0].model_copy(update={"objects": objects})
    return shot.model_copy(update={"effects": (state,)})


def test_the_smooth_one_has_the_sharp_highlight(make_planner: Maker, scene_renderer: Any) -> None:
    """Two balls of one model: whichever is the smooth one mirrors the sun, the other does not."""
    planner = make_planner(VARIED)
    for smooth, rough, values in ((1, 2, (0.25, 1.0)), (2, 1, (1.0, 0.25))):
        frame = scene_renderer.render(with_values(planner, *values))[0]
        brightest = {at: frame.color[frame.index == at][:, :3].max() for at in (1, 2)}
        assert brightest[smooth] > 1.5 * brightest[rough]


def test_nothing_of_it_is_left(make_planner: Maker, scene_renderer: Any) -> None:
    """Shots in a row, with and without, are each what they are alone; no data-block stays."""
    import bpy

    varied, plain = make_planner(VARIED), make_planner(BALLS)
    before = scene_renderer.render(plain.shot(0))[0]
    materials, groups = len(bpy.data.materials), len(bpy.data.node_groups)
    scene_renderer.set(varied.shot(0))
    assert len(bpy.data.materials) == materials + 2
    first = scene_renderer.render(varied.shot(0))[0]
    assert not np.array_equal(first.color, before.color)
    assert np.array_equal(first.index, before.index)
    other = scene_renderer.render(varied.shot(1))[0]
    assert np.array_equal(scene_renderer.render(varied.shot(0))[0].color, first.color)
    assert np.array_equal(scene_renderer.render(plain.shot(0))[0].color, before.color)
    assert np.array_equal(scene_renderer.render(varied.shot(1))[0].color, other.color)
    scene_renderer.set(plain.shot(0))
    assert (len(bpy.data.materials), len(bpy.data.node_groups)) == (materials, groups)


@pytest.mark.parametrize(
    ("change", "plain", "textured"),
    [({"shift": 0.3}, 0.8, 0.3), ({"shift": -0.9}, 0.0, -0.9), ({"value": 0.2}, 0.2, None)],
)
def test_plain_textured_and_grouped_roughness(
    scene_renderer: Any, change: dict[str, float], plain: float, textured: float | None
) -> None:
    """A texture's roughness is shifted behind it, or set aside; a group's shader is changed once,
    however often the group is used.
    """
    import bpy

    from renderer.effects.roughness.blender import roughen

    group = bpy.data.node_groups.new("g", "ShaderNodeTree")
    inner = group.nodes.new("ShaderNodeBsdfAnisotropic")
    inner.inputs["Roughness"].default_value = 0.5
    material = bpy.data.materials.new("m")
    material.use_nodes = True
    tree = material.node_tree
    for _ in range(2):
        tree.nodes.new("ShaderNodeGroup").node_tree = group
    shader, texture = tree.nodes["Principled BSDF"], tree.nodes.new("ShaderNodeTexNoise")
    tree.links.new(texture.outputs[0], shader.inputs["Roughness"])
    roughen(material, ObjectRoughness(instance=1, **{"shift": None, "value": None, **change}))
    assert inner.inputs["Roughness"].default_value == pytest.approx(plain)
    socket = shader.inputs["Roughness"]
    if textured is None:
        assert not socket.is_linked
        assert socket.default_value == pytest.approx(plain)
    else:
        shifted = socket.links[0].from_node
        assert (shifted.operation, shifted.use_clamp) == ("ADD", True)
        assert shifted.inputs[0].links[0].from_node == texture
        assert shifted.inputs[1].default_value == pytest.approx(textured)
    bpy.data.materials.remove(material)
    bpy.data.node_groups.remove(group)


def test_a_session_does_not_outgrow_its_shots(
    make_planner: Maker, scene_renderer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cycles keeps the shader of every material it has seen, so it gets a new session in time;
    pictures are the same.
    """
    from renderer.blender import cycles_session

    planner = make_planner(VARIED)
    shots = [planner.shot(index) for index in range(4)]
    one_session = [scene_renderer.render(shot)[0].color for shot in shots]
    monkeypatch.setattr(cycles_session, "_MOST_GONE", 3)
    kept = []
    for shot, color in zip(shots, one_session, strict=True):
        assert np.array_equal(scene_renderer.render(shot)[0].color, color)
        kept.append(len(scene_renderer._shaders._seen))
    assert max(kept[1:]) <= min(kept) + 4  # two materials a shot
