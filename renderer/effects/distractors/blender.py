"""Colours in Blender's materials."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from renderer.effects.distractors.pieces import Turned
from renderer.shot.scene import Vector


def paint(material: bpy.types.Material, color: Vector) -> None:
    """Give a material one plain colour (linear Rec.709), in every engine."""
    material.diffuse_color = (*color, 1.0)  # Workbench's
    for tree, socket in list(_base_colours(material)):
        for link in list(socket.links):
            tree.links.remove(link)
        socket.default_value = (*color, 1.0)


def turn_colours(material: bpy.types.Material, change: Turned) -> None:
    """Turn the colours of a material about the colour circle, those of its textures, too."""
    for tree, socket in list(_base_colours(material)):
        node = tree.nodes.new("ShaderNodeHueSaturation")
        node.inputs["Hue"].default_value = (0.5 + change.hue) % 1.0  # 0.5 leaves it
        node.inputs["Saturation"].default_value = change.saturation
        node.inputs["Value"].default_value = change.value
        if socket.is_linked:
            tree.links.new(socket.links[0].from_socket, node.inputs["Color"])
        else:
            node.inputs["Color"].default_value = socket.default_value
        mix = tree.nodes.new("ShaderNodeMix")
        mix.data_type = "RGBA"
        # Sockets of other kinds of numbers have the same names.
        before, tint = (each for each in mix.inputs if each.type == "RGBA")
        factor = next(each for each in mix.inputs if each.type == "VALUE")
        factor.default_value, tint.default_value = change.mixed, (*change.tint, 1.0)
        tree.links.new(node.outputs["Color"], before)
        tree.links.new(next(each for each in mix.outputs if each.type == "RGBA"), socket)


def _base_colours(
    material: bpy.types.Material,
) -> Iterator[tuple[bpy.types.NodeTree, bpy.types.NodeSocket]]:
    """Yield the colour of each shader of a material, with the tree that it is in."""
    if not material.use_nodes or material.node_tree is None:
        return
    for tree in list(_trees(material.node_tree, set())):
        for node in tree.nodes:
            if node.type == "BSDF_PRINCIPLED":
                yield tree, node.inputs["Base Color"]
            elif node.type == "BSDF_DIFFUSE":
                yield tree, node.inputs["Color"]


def _trees(tree: bpy.types.NodeTree, seen: set[bpy.types.NodeTree]) -> Iterator[bpy.types.NodeTree]:
    """Yield a tree and the groups in it, each once however often it is used."""
    if tree in seen:
        return
    seen.add(tree)
    yield tree
    for node in tree.nodes:
        if node.type == "GROUP" and node.node_tree is not None:
            yield from _trees(node.node_tree, seen)
