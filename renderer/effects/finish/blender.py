"""Procedural surfaces in Blender's materials."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from renderer.colour.srgb import srgb_to_linear
from renderer.effects.finish.families import LOOKS
from renderer.effects.node_graph import Graph, trees_of
from renderer.values.finish import FinishState


def metres_a_unit(item: bpy.types.Object, units_per_m: float) -> float:
    """Return how many metres a unit of an object's mesh stands for."""
    return float(item.matrix_world.to_scale()[0]) / units_per_m


def finish_material(
    material: bpy.types.Material,
    finish: FinishState,
    items: Sequence[bpy.types.Object],
    units_per_m: float,
) -> None:
    """Give every principled shader of a material a procedural surface; what it lets through stays.

    Args:
        material: it is changed.
        finish: the surface.
        items: the objects that have it, one of them for the pattern's coordinates.
        units_per_m: units of the engine that a metre has.

    """
    material.diffuse_color = (*srgb_to_linear(finish.color), 1.0)  # Workbench's
    if material.node_tree is None:
        return
    of = items[0] if len(items) > 1 else None
    for tree in list(trees_of(material.node_tree)):
        for shader in [each for each in tree.nodes if each.type == "BSDF_PRINCIPLED"]:
            cover(tree, shader, finish, metres_a_unit(items[0], units_per_m), units_per_m, of)


def cover(
    tree: bpy.types.NodeTree,
    shader: bpy.types.Node,
    finish: FinishState,
    a_unit: float,
    units_per_m: float,
    of: bpy.types.Object | None = None,
) -> None:
    """Give a principled shader colour, roughness, metalness and bumps of a surface.

    Args:
        tree: the shader's.
        shader: it is changed.
        finish: the surface.
        a_unit: metres that a unit of the mesh stands for.
        units_per_m: units of the engine that a metre has.
        of: whose own coordinates the pattern has; None: what is shaded.

    """
    graph = Graph(tree)
    place = graph.metres(a_unit / finish.scale, finish.origin, of)
    look = LOOKS[finish.family](graph, place, srgb_to_linear(finish.color), finish.roughness)
    graph.feed(shader.inputs["Base Color"], look.color)
    graph.feed(shader.inputs["Roughness"], look.roughness)
    graph.feed(shader.inputs["Metallic"], look.metallic)
    if finish.relief > 0:
        # A pattern of another size is as much higher, and as steep.
        tall = units_per_m * finish.scale * finish.relief
        graph.feed(shader.inputs["Normal"], graph.bump(look.height, tall))
