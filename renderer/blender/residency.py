"""Textures that stay on the device between shots.

Cycles drops an image with the last material that uses it, so that a model that leaves the scene
takes its textures along, and they are decoded anew when it comes back: two thirds of the time of
scenes of textured products (DESIGN.md §5). A tiny triangle behind the camera, of a material that
looks the same images up, keeps them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import bpy
from mathutils import Matrix

from renderer.blender.bake import nodes_of

# Bytes of decoded textures that are kept for models out of the scene.
_MOST_BYTES = 2 << 30
_BEHIND = 1e-3
# What makes Cycles take two look-ups for one image beside the image itself (its ImageParams).
_SAMPLING = ("interpolation", "extension", "projection")


class Residency:
    """The keepers of a scene: one object a model."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        """Begin with none."""
        self._scene = scene
        self._keepers: OrderedDict[str, tuple[bpy.types.Object, int]] = OrderedDict()

    def keep(self, key: str, meshes: Iterable[bpy.types.Mesh]) -> None:
        """Keep the textures of a model that is used now; of those used longest ago, let some go
        where all take too much memory.
        """
        if key not in self._keepers:
            lookups = _lookups(meshes)
            size = sum(_bytes(node.image) for node in lookups)
            self._keepers[key] = (self._keeper(key, lookups), size)
        self._keepers.move_to_end(key)
        while sum(size for _, size in self._keepers.values()) > _MOST_BYTES and (
            len(self._keepers) > 1
        ):
            self.drop(next(iter(self._keepers)))

    def drop(self, key: str) -> None:
        """Let the textures of a model go."""
        item, _ = self._keepers.pop(key, (None, 0))
        if item is not None:
            mesh = item.data
            material = mesh.materials[0]
            bpy.data.objects.remove(item)
            bpy.data.meshes.remove(mesh)
            bpy.data.materials.remove(material)

    def stay_behind(self, camera: Matrix, distance: float) -> None:
        """Bring all keepers behind the camera (its matrix in the scene), out of every picture."""
        place = camera @ Matrix.Translation((0, 0, distance))  # Blender's cameras look along -Z
        for item, _ in self._keepers.values():
            item.matrix_world = place @ Matrix.Scale(_BEHIND * distance, 4)

    def _keeper(self, key: str, lookups: list[bpy.types.Node]) -> bpy.types.Object:
        mesh = bpy.data.meshes.new(f"keeper.{key}")
        mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
        mesh.materials.append(_material(lookups))
        item = bpy.data.objects.new(mesh.name, mesh)
        # Seen by the camera alone, which looks the other way: nothing is lit or shadowed by it.
        item.visible_diffuse = item.visible_glossy = item.visible_transmission = False
        item.visible_volume_scatter = item.visible_shadow = False
        self._scene.collection.objects.link(item)
        return item


def _lookups(meshes: Iterable[bpy.types.Mesh]) -> list[bpy.types.Node]:
    """Return one image node for each look-up that Cycles tells apart."""
    found: dict[tuple[object, ...], bpy.types.Node] = {}
    for mesh in meshes:
        for material in mesh.materials:
            for node in nodes_of(material.node_tree) if material.node_tree else ():
                if node.type == "TEX_IMAGE" and node.image is not None:
                    key = (node.image, *(getattr(node, name) for name in _SAMPLING))
                    found.setdefault(key, node)
    return list(found.values())


def _material(lookups: list[bpy.types.Node]) -> bpy.types.Material:
    """Return a plain material whose colour is the sum of all look-ups."""
    material = bpy.data.materials.new("keeper")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    shader = tree.nodes.new("ShaderNodeBsdfDiffuse")
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    total = None
    for lookup in lookups:
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = lookup.image
        for name in _SAMPLING:
            setattr(node, name, getattr(lookup, name))
        if total is None:
            total = node.outputs["Color"]
            continue
        both = tree.nodes.new("ShaderNodeVectorMath")
        tree.links.new(total, both.inputs[0])
        tree.links.new(node.outputs["Color"], both.inputs[1])
        total = both.outputs[0]
    if total is not None:
        tree.links.new(total, shader.inputs["Color"])
    return material


def _bytes(image: bpy.types.Image) -> int:
    """Return the bytes of an image in Cycles: four channels, of floats a half or whole each."""
    return image.size[0] * image.size[1] * 4 * (4 if image.is_float else 1)
