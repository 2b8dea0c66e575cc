"""Roughness in Blender's materials."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from renderer.effects.roughness.effect import ObjectRoughness

# Shaders whose roughness is how blurred they mirror, or let light through. (A diffuse one's is how
# much it scatters back to where light comes from.)
_GLOSSY = {"BSDF_PRINCIPLED", "BSDF_GLOSSY", "BSDF_METALLIC", "BSDF_GLASS", "BSDF_REFRACTION"}


def roughen(material: bpy.types.Material, change: ObjectRoughness) -> None:
    """Change the roughness of every glossy shader of a material, and of its groups."""
    material.roughness = _changed(material.roughness, change)  # Workbench's
    if not material.use_nodes or material.node_tree is None:
        return
    for tree in list(_trees(material.node_tree, set())):
        for node in [each for each in tree.nodes if each.type in _GLOSSY]:
            _change_socket(tree, node.inputs["Roughness"], change)


def _changed(roughness: float, change: ObjectRoughness) -> float:
    if change.value is not None:
        return change.value
    return min(max(roughness + change.shift, 0.0), 1.0)


def _trees(tree: bpy.types.NodeTree, seen: set[bpy.types.NodeTree]) -> Iterator[bpy.types.NodeTree]:
    """Yield a tree and the groups in it, each once however often it is used."""
    if tree in seen:
        return
    seen.add(tree)
    yield tree
    for node in tree.nodes:
        if node.type == "GROUP" and node.node_tree is not None:
            yield from _trees(node.node_tree, seen)


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
