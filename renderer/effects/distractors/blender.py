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
        tree.links.new(node.outputs["Color"], socket)


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
