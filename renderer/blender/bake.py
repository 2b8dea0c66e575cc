"""Bake what is rendered, however many parts, instances and modifiers, into few meshes.

Parts become one mesh where nothing of their looks gets lost by it: joining merges texture
coordinates and colours by name, and leaves one of each to be the rendered one. Parts that differ
in that stay meshes of their own, and so do those whose patterns follow the object itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import AssetError
from renderer.blender.materials import add_missing_materials
from renderer.blender.rendered_parts import Part

# The meshes of one model, each with what takes it to the model frame, are so many at the most;
# more of them (thousands of parts with patterns of their own) would slow down every shot.
_MOST_MESHES = 256
# Textures that follow the object where nothing is linked to them; images follow UV layers.
_PATTERNS = {
    *("TEX_NOISE", "TEX_VORONOI", "TEX_WAVE", "TEX_MAGIC", "TEX_CHECKER", "TEX_BRICK"),
    *("TEX_GRADIENT", "TEX_WHITE_NOISE", "TEX_GABOR", "TEX_POINTDENSITY"),
}
TO_MODEL = "to_model"


def bake(path: Path, parts: list[Part]) -> tuple[list[bpy.types.Mesh], list[str]]:
    """Return the meshes of a model, and warnings.

    Each mesh has ``to_model``, a property of 16 numbers: the matrix (4x4, row-major) that takes it
    to the world of the file.

    Raises:
        AssetError: nothing in the file has faces; names the file.

    """
    if not parts:
        raise AssetError(f"{path} has no faces: there is nothing to see in it")
    for part in parts:
        add_missing_materials(part.mesh)
    for item in list(bpy.data.objects):
        bpy.data.objects.remove(item)
    groups: dict[object, list[Part]] = {}
    own = {at for at, part in enumerate(parts) if _follows_object(part.mesh)}
    warnings = []
    if len(own) > _MOST_MESHES:
        warnings.append(
            f"has {len(own)} parts with patterns that follow the part: they follow the whole model"
        )
        own = set()
    for at, part in enumerate(parts):
        key = at if at in own else _looks_key(part.mesh)
        groups.setdefault(key, []).append(part)
    meshes = []
    for key, group in groups.items():
        if isinstance(key, int):
            (part,) = group
            mesh, matrix = part.mesh, part.matrix
        else:
            mesh, matrix = _join(group), Matrix.Identity(4)
        mesh.name = f"model.{len(meshes)}"
        mesh[TO_MODEL] = [value for row in matrix for value in row]
        meshes.append(mesh)
    return meshes, warnings


def _looks_key(mesh: bpy.types.Mesh) -> object:
    """Return what parts must have in common to keep their looks when they are joined."""
    layers = frozenset(layer.name for layer in mesh.uv_layers)
    rendered = next((layer.name for layer in mesh.uv_layers if layer.active_render), "")
    colors = mesh.color_attributes
    kinds = frozenset((color.name, color.domain, color.data_type) for color in colors)
    at = colors.render_color_index
    return layers, rendered, kinds, colors[at].name if 0 <= at < len(colors) else ""


def _follows_object(mesh: bpy.types.Mesh) -> bool:
    """Tell whether a material's pattern depends on the object's own box, axes or number."""
    return any(
        _node_follows_object(node)
        for material in mesh.materials
        if material is not None and material.node_tree is not None
        for node in nodes_of(material.node_tree)
    )


def nodes_of(tree: bpy.types.NodeTree) -> Iterator[bpy.types.Node]:
    """Yield every node of a tree and of the groups in it."""
    for node in tree.nodes:
        yield node
        if node.type == "GROUP" and node.node_tree is not None:
            yield from nodes_of(node.node_tree)


def _node_follows_object(node: bpy.types.Node) -> bool:
    if node.type == "TEX_COORD":
        return any(node.outputs[name].is_linked for name in ("Generated", "Object", "Normal"))
    if node.type in _PATTERNS:
        vector = node.inputs.get("Vector")
        return vector is not None and not vector.is_linked
    return node.type in ("OBJECT_INFO", "VECT_TRANSFORM")


def _join(parts: list[Part]) -> bpy.types.Mesh:
    items = []
    for part in parts:
        if part.matrix.determinant() < 0:
            _mirror(part.mesh, part.matrix)
        else:
            part.mesh.transform(part.matrix)
        items.append(bpy.data.objects.new("part", part.mesh))
        bpy.context.scene.collection.objects.link(items[-1])
    if len(items) > 1:
        with bpy.context.temp_override(
            active_object=items[0], object=items[0], selected_editable_objects=items
        ):
            bpy.ops.object.join()
    mesh = items[0].data
    bpy.data.objects.remove(items[0])
    return mesh


def _mirror(mesh: bpy.types.Mesh, matrix: Matrix) -> None:
    """Transform a mesh by a mirroring matrix, with faces and smooth normals the right way round.

    Mesh.transform and flip_normals leave custom normals mirrored twice (bpy 4.5 and 5.0), so the
    corner normals are carried over by hand: n' = M^-T n, told apart by (face, vertex) because
    flipping reorders a face's corners.
    """
    before = _corner_keys(mesh)
    normals = np.empty(len(mesh.loops) * 3, np.float32)
    mesh.corner_normals.foreach_get("vector", normals)
    turn = np.array(matrix.to_3x3().inverted().transposed(), np.float64)
    turned = normals.reshape(-1, 3).astype(np.float64) @ turn.T
    turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
    mesh.transform(matrix)
    mesh.flip_normals()
    carried = np.empty_like(turned)
    carried[np.argsort(_corner_keys(mesh), kind="stable")] = turned[
        np.argsort(before, kind="stable")
    ]
    mesh.normals_split_custom_set(carried.tolist())


def _corner_keys(mesh: bpy.types.Mesh) -> np.ndarray:
    """Return face * vertices + vertex for each corner."""
    vertex = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", vertex)
    total = np.empty(len(mesh.polygons), np.int32)
    mesh.polygons.foreach_get("loop_total", total)
    face = np.repeat(np.arange(len(total), dtype=np.int64), total)
    return face * len(mesh.vertices) + vertex
