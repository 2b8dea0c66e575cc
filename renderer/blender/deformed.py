"""Deform a model's meshes, in its own frame."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Matrix

from renderer.asset import Deform
from renderer.blender.bake import TO_MODEL
from renderer.blender.model_geometry import matrix_of

Array = npt.NDArray[np.float64]


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
        moved = _deformed(deform, points, low, high).astype(np.float32)
        mesh.vertices.foreach_set("co", moved.ravel())
        mesh.update()


def _deformed(deform: Deform, points: Array, low: Array, high: Array) -> Array:
    """Return points (n, 3) deformed about the middle of the model, whose box is low to high."""
    middle = (low + high) / 2
    local = (points - middle) * deform.stretch
    if deform.bend_deg:
        local = _bent(local, (high - low) * deform.stretch, math.radians(deform.bend_deg))
    moved: Array = local + middle
    return moved


def _bent(local: Array, size: Array, angle: float) -> Array:
    """Return points (n, 3) about the middle on an arc: planes across the longest side stay planes,
    and the middle one of its fibres keeps its length.
    """
    along, across = (int(at) for at in np.argsort(-size, kind="stable")[[0, 2]])
    if size[along] == 0:
        return local
    radius = float(size[along]) / angle
    turned, out = local[:, along] / radius, radius - local[:, across]
    bent = local.copy()
    bent[:, along] = out * np.sin(turned)
    bent[:, across] = radius - out * np.cos(turned)
    return bent
