"""Deform a model's meshes, in its own frame."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import Deform
from renderer.blender.bake import TO_MODEL
from renderer.blender.model_geometry import matrix_of


def deform_meshes(meshes: Sequence[bpy.types.Mesh], deform: Deform) -> None:
    """Move the corners of a model's meshes, which are then in the model frame themselves."""
    found = []
    for mesh in meshes:
        mesh.transform(Matrix(matrix_of(mesh).tolist()))
        mesh[TO_MODEL] = np.eye(4).ravel().tolist()
        points = np.empty(len(mesh.vertices) * 3, np.float32)
        mesh.vertices.foreach_get("co", points)
        found.append(points.reshape(-1, 3).astype(np.float64))
    low = np.min([points.min(0) for points in found], axis=0)
    high = np.max([points.max(0) for points in found], axis=0)
    for mesh, points in zip(meshes, found, strict=True):
        moved = deform.apply(points, low, high).astype(np.float32)
        mesh.vertices.foreach_set("co", moved.ravel())
        mesh.update()
