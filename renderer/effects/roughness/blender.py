"""Roughness in Blender's materials."""

from __future__ import annotations

import bpy

from renderer.effects.node_graph import GLOSSY, trees_of
from renderer.effects.roughness.effect import ObjectRoughness


def roughen(material: bpy.types.Material, change: ObjectRoughness) -> None:
    """Change the roughness of every glossy shader of a material, and of its groups."""
    material.roughness = _changed(material.roughness, change)  # Workbench's
    if not material.use_nodes or material.node_tree is None:
        return
    for tree in list(trees_of(material.node_tree)):
        for node in [each for each in tree.nodes if each.type in GLOSSY]:
            _change_socket(tree, node.inputs["Roughness"], change)


def _changed(roughness: float, change: ObjectRoughness) -> float:
    if change.value is not None:
        return change.value
    return min(max(roughness + change.shift, 0.0), 1.0)


def _change_socket(
    tree: bpy.types.NodeTree, socket: bpy.types.NodeSocket, change: ObjectRoughness
) -> None:
    if not socket.is_linked or change.value is not None:
        for link in list(socket.links):
            tree.links.remove(link)
        socket.default_value = _changed(socket.default_value, change)
        return
    source = socket.links[0].from_socket
    shift = tree.nodes.new("ShaderNodeMath")
    shift.operation, shift.use_clamp = "ADD", True
    shift.inputs[1].default_value = change.shift
    tree.links.new(source, shift.inputs[0])
    tree.links.new(shift.outputs[0], socket)
