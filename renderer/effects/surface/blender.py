"""Wear, dirt, grain and other colours in Blender's materials.

Only what shaders are given for colour, roughness, metalness and normal is changed: a surface stays
where it is and lets through what it let through, which labels rely on.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from renderer.effects.node_graph import GLOSSY, Graph, Value, trees_of
from renderer.effects.surface.effect import MaterialChange, ObjectSurface

# The input of each kind of shader that has the surface's colour.
_COLORED = {
    "BSDF_PRINCIPLED": "Base Color",
    "BSDF_DIFFUSE": "Color",
    "BSDF_GLOSSY": "Color",
    "BSDF_METALLIC": "Base Color",
    "BSDF_SHEEN": "Color",
    "EMISSION": "Color",
}
_DIRT = (0.12, 0.095, 0.07)
_RUBBED = (0.62, 0.6, 0.57)


def weather(
    material: bpy.types.Material,
    surface: ObjectSurface,
    change: MaterialChange,
    items: Sequence[bpy.types.Object],
    units_per_m: float,
) -> None:
    """Change the surface of a material, and of its groups.

    Args:
        material: it is changed.
        surface: what is done to the object.
        change: what is done to this material of it.
        items: the objects that have it.
        units_per_m: units of the engine that a metre has.

    """
    _plain(material, change)
    if material.node_tree is None:
        return
    a_unit = float(items[0].matrix_world.to_scale()[0]) / units_per_m
    for tree in list(trees_of(material.node_tree)):
        shaders = [node for node in tree.nodes if node.type in _COLORED]
        _shift_prints(tree, surface.print_shift)
        if not shaders:
            continue
        graph = Graph(tree)
        place = graph.metres(a_unit, surface.origin, items[0] if len(items) > 1 else None)
        masks = _masks(graph, place, surface)
        for shader in shaders:
            _color(graph, shader, change, surface, masks)
            if shader.type in GLOSSY:
                _roughness(graph, shader, change, surface, masks)
            if shader.type == "BSDF_PRINCIPLED" and change.metal:
                graph.feed(shader.inputs["Metallic"], 1.0)
            _bump(graph, shader, surface, masks, units_per_m)


@dataclass(frozen=True)
class _Masks:
    """Where on a surface there is what: outputs in 0..1."""

    coarse: Any
    fine: Any
    worn: Any
    dirty: Any


def _masks(graph: Graph, place: Any, surface: ObjectSurface) -> _Masks:
    coarse = graph.noise(place, 6, 7, 0.65)
    fine = graph.noise(place, 450, 3, 0.6)
    worn: Value = 0.0
    if surface.wear > 0:
        # Rubbed patches are broken up by grain.
        scratches = graph.scratches(place, surface.wear)
        patches = graph.math("MULTIPLY_ADD", fine, 0.35, graph.noise(place, 23, 3, 0.6))
        level = 0.97 - 0.45 * surface.wear
        worn = graph.math("MAXIMUM", scratches, graph.between(patches, level, level + 0.09))
    dirty: Value = 0.0
    if surface.dirt > 0:
        film = graph.math("MULTIPLY_ADD", fine, 0.45, graph.noise(place, 8, 6, 0.68))
        level = 1.05 - 0.75 * surface.dirt
        dirty = graph.math("MULTIPLY", graph.between(film, level - 0.2, level + 0.2), 0.8)
    return _Masks(coarse, fine, worn, dirty)


def _color(
    graph: Graph, shader: Any, change: MaterialChange, surface: ObjectSurface, masks: _Masks
) -> None:
    socket = shader.inputs[_COLORED[shader.type]]
    color = graph.hsv(graph.source(socket), change.turn, change.saturation, change.value)
    if surface.grain > 0:
        shade = graph.spread(masks.fine, 0.45 * surface.grain)
        color = graph.times(
            color, graph.math("MULTIPLY", shade, graph.spread(masks.coarse, 0.45 * surface.grain))
        )
    if surface.wear > 0:
        # What is rubbed off shows a paler layer of the same.
        pale = graph.mix(0.6, color, _RUBBED)
        color = graph.mix(masks.worn, color, pale)
    if surface.dirt > 0:
        color = graph.mix(masks.dirty, color, _DIRT)
    graph.feed(socket, color)


def _roughness(
    graph: Graph, shader: Any, change: MaterialChange, surface: ObjectSurface, masks: _Masks
) -> None:
    socket = shader.inputs["Roughness"]
    rough = graph.math("ADD", graph.source(socket), change.roughness, clamp=True)
    for noise, share in ((masks.coarse, 0.8), (masks.fine, 0.5)) if surface.grain > 0 else ():
        off = graph.math("SUBTRACT", noise, 0.5)
        rough = graph.math("MULTIPLY_ADD", off, share * surface.grain, rough, clamp=True)
    if surface.wear > 0:
        rough = graph.math("MULTIPLY_ADD", masks.worn, 0.25, rough, clamp=True)
    if surface.dirt > 0:
        # Up to that of dust, 0.95.
        more = graph.math("MULTIPLY", masks.dirty, graph.math("SUBTRACT", 0.95, rough))
        rough = graph.math("ADD", rough, more, clamp=True)
    graph.feed(socket, rough)


def _bump(
    graph: Graph, shader: Any, surface: ObjectSurface, masks: _Masks, units_per_m: float
) -> None:
    socket = shader.inputs.get("Normal")
    if socket is None or surface.bump_m == 0:
        return
    height = graph.math("MULTIPLY", masks.fine, surface.bump_m)
    height = graph.math("MULTIPLY_ADD", masks.coarse, 4 * surface.bump_m, height)
    if surface.wear > 0:
        height = graph.math("MULTIPLY_ADD", masks.worn, -surface.bump_m, height)
    normal = graph.source(socket) if socket.is_linked else None
    graph.feed(socket, graph.bump(height, units_per_m, normal))


def _shift_prints(tree: bpy.types.NodeTree, shift: tuple[float, float]) -> None:
    """Shift the textures of which nothing but surfaces' colours is made: one that has opacity, or
    relief, in it would come apart from it.
    """
    if shift == (0.0, 0.0):
        return
    graph = Graph(tree)
    for node in [each for each in tree.nodes if each.type == "TEX_IMAGE"]:
        if not _only_color(node, set()):
            continue
        socket = node.inputs["Vector"]
        source = graph.source(socket) if socket.is_linked else graph.node("TexCoord").outputs["UV"]
        moved = graph.node("VectorMath", operation="ADD")
        graph.feed(moved.inputs[0], source)
        graph.feed(moved.inputs[1], (*shift, 0.0))
        graph.feed(socket, moved.outputs[0])


def _only_color(node: Any, seen: set[str]) -> bool:
    """Tell whether all that is made of a node's outputs ends as the colour of shaders."""
    for socket in node.outputs:
        for link in socket.links:
            after = link.to_node
            if after.type in _COLORED:
                if link.to_socket.name != _COLORED[after.type]:
                    return False
            elif not after.outputs or any(each.type == "SHADER" for each in after.outputs):
                return False
            elif after.name not in seen:
                seen.add(after.name)
                if not _only_color(after, seen):
                    return False
    return True


def _plain(material: bpy.types.Material, change: MaterialChange) -> None:
    """Change what Workbench shows."""
    red, green, blue, opacity = material.diffuse_color
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    changed = colorsys.hsv_to_rgb(
        (hue + change.turn) % 1, min(saturation * change.saturation, 1), value * change.value
    )
    material.diffuse_color = (*changed, opacity)
    material.roughness = min(max(material.roughness + change.roughness, 0.0), 1.0)
