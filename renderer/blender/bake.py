"""Bake what was imported, however many parts, instances and modifiers, into one mesh object."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import AssetError


def bake(path: Path) -> tuple[bpy.types.Object, int]:
    """Return one mesh object of everything visible, in world coordinates, and its number of parts.

    Cameras, lights and everything hidden from renders are dropped.

    Raises:
        AssetError: nothing in the file has faces; names the file.

    """
    depsgraph = bpy.context.evaluated_depsgraph_get()
    baked: list[bpy.types.Object] = []
    for instance in depsgraph.object_instances:
        item = instance.object
        if item.type not in ("MESH", "CURVE", "SURFACE", "FONT", "META"):
            continue
        if item.original.hide_render:
            continue
        matrix = instance.matrix_world.copy()
        mesh = bpy.data.meshes.new_from_object(
            item, preserve_all_data_layers=True, depsgraph=depsgraph
        )
        if len(mesh.polygons) == 0:
            bpy.data.meshes.remove(mesh)
            continue
        if matrix.determinant() < 0:
            _mirror(mesh, matrix)
        else:
            mesh.transform(matrix)
        if len(mesh.uv_layers) == 1:
            _rename_uv(mesh)
        baked.append(bpy.data.objects.new("part", mesh))
    if not baked:
        raise AssetError(f"{path} has no faces: there is nothing to see in it")
    for item in list(bpy.context.scene.collection.all_objects):
        bpy.data.objects.remove(item)
    for item in baked:
        bpy.context.scene.collection.objects.link(item)
    joined = baked[0]
    if len(baked) > 1:
        with bpy.context.temp_override(
            active_object=joined, object=joined, selected_editable_objects=baked
        ):
            bpy.ops.object.join()
    joined.name = joined.data.name = "model"
    return joined, len(baked)


def _rename_uv(mesh: bpy.types.Mesh) -> None:
    """Name a mesh's only UV layer UVMap, also in its materials: joining merges layers by name, so
    parts with one layer each share it.
    """
    old = mesh.uv_layers[0].name
    for material in mesh.materials:
        if material is not None and material.node_tree is not None:
            for node in material.node_tree.nodes:
                if getattr(node, "uv_map", None) == old:
                    node.uv_map = "UVMap"
    mesh.uv_layers[0].name = "UVMap"


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
