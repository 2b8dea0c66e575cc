"""Patterns of light in Blender: what stands between a lamp and the subject, seen by nobody."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from renderer.geometry.light_pattern import blinds, border, leaves, window
from renderer.shot.scene import PatternState


class ScenePatterns:
    """The patterns of one shot, each in the way of its own lamp alone."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        """Begin with none."""
        self._scene = scene
        self._items: list[bpy.types.Object] = []
        self._groups: list[bpy.types.Collection] = []

    def set(self, patterns: Mapping[int, PatternState], lamps: list[bpy.types.Object]) -> None:
        """Put up the patterns of a shot by the number of their lamp; all others go."""
        self.clear()
        made = {at: self._put_up(state, f"pattern.{at}") for at, state in patterns.items()}
        for at, lamp in enumerate(lamps):
            others = [item for own, item in made.items() if own != at]
            if others:
                lamp.light_linking.blocker_collection = self._all_but(others)

    def clear(self) -> None:
        """Take all of it away."""
        meshes = [item.data for item in self._items]
        bpy.data.batch_remove([*self._items, *meshes, *self._groups])
        self._items.clear()
        self._groups.clear()

    def _put_up(self, state: PatternState, name: str) -> bpy.types.Object:
        mesh = _mesh(state, name)
        item = bpy.data.objects.new(name, mesh)
        item.visible_camera = item.visible_diffuse = item.visible_glossy = False
        item.visible_transmission = item.visible_volume_scatter = False
        self._scene.collection.objects.link(item)
        self._items.append(item)
        return item

    def _all_but(self, items: list[bpy.types.Object]) -> bpy.types.Collection:
        """Return what a lamp's light is blocked by: everything but some objects."""
        group = bpy.data.collections.new("pattern")
        self._groups.append(group)
        for item in items:
            group.objects.link(item)
        for each in group.collection_objects:
            each.light_linking.link_state = "EXCLUDE"
        return group


def _mesh(state: PatternState, name: str) -> bpy.types.Mesh:
    size = state.width, state.height
    if state.kind == "blinds":
        pieces = blinds(*size, state.pieces, state.open)
    elif state.kind == "window":
        pieces = window(*size, state.pieces, state.open)
    else:
        pieces = leaves(*size, state.pieces, state.open, state.seed)
    if state.border:
        pieces += border(*size, state.border)
    plane = np.array([state.right, state.up])
    points = np.concatenate(pieces) @ plane + np.array(state.center)
    ends = np.cumsum([len(piece) for piece in pieces])
    faces = [list(range(end - len(piece), end)) for piece, end in zip(pieces, ends, strict=True)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points.tolist(), [], faces)
    return mesh
