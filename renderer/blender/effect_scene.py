"""A shot's scene as effects have it, and what takes all back that they have changed of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import bpy

from renderer.effects.scene import RenderView
from renderer.registry import EFFECTS
from renderer.shot.shot import EffectState


class EffectScene:
    """The scene of one shot (``renderer.effects.RenderScene``)."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        objects: Mapping[int, Sequence[bpy.types.Object]],
        units_per_m: float = 1.0,
    ) -> None:
        """Take the scene, its objects by instance, and how large a metre is in it."""
        self.scene = scene
        self.units_per_m = units_per_m
        self._objects = objects
        self._own: dict[int, list[bpy.types.Material]] = {}
        self._groups: list[bpy.types.NodeTree] = []
        self._undo: list[tuple[str, Callable[[], None]]] = []

    def apply(self, states: Sequence[EffectState]) -> None:
        """Have effects change the scene, in their order."""
        for state in states:
            with EFFECTS.calling(state.effect):
                undo = EFFECTS.get(state.effect).apply_scene(state, self)
            if undo is not None:
                self._undo.append((state.effect, undo))

    @contextmanager
    def through_camera(self, states: Sequence[EffectState], view: RenderView) -> Iterator[bool]:
        """Have effects change the camera that stands for a view, in their order, inside the block;
        it is told whether any of them does.
        """
        with ExitStack() as each:
            changed = False
            for state in states:
                with EFFECTS.calling(state.effect):
                    undo = EFFECTS.get(state.effect).apply_camera(state, self, view)
                if undo is not None:
                    changed = True
                    each.enter_context(EFFECTS.calling(state.effect))
                    each.callback(undo)
            yield changed

    def undo(self) -> None:
        """Take back what effects have done, the last first; all of it, even where one of them
        fails, which is then raised.
        """
        with ExitStack() as each:
            each.callback(self._remove_materials)
            for effect, undo in self._undo:
                each.enter_context(EFFECTS.calling(effect))
                each.callback(undo)
            self._undo.clear()

    def _remove_materials(self) -> None:
        bpy.data.batch_remove([each for own in self._own.values() for each in own] + self._groups)
        self._own.clear()
        self._groups.clear()

    def objects(self, instance: int) -> Sequence[bpy.types.Object]:
        """Return the objects of an instance, one a mesh of its model."""
        return self._objects[instance]

    def materials(self, instance: int) -> Sequence[bpy.types.Material]:
        """Return the materials of an instance, made its own when they are first asked for: copies,
        linked to the objects in place of their meshes', which other instances share.
        """
        if instance not in self._own:
            copies: dict[bpy.types.Material, bpy.types.Material] = {}
            for item in self._objects[instance]:
                for slot in item.material_slots:
                    if slot.material is None:
                        continue
                    if slot.material not in copies:
                        copies[slot.material] = self._copy(slot.material)
                    material = copies[slot.material]
                    slot.link = "OBJECT"
                    slot.material = material
            self._own[instance] = list(copies.values())
        return self._own[instance]

    def _copy(self, material: bpy.types.Material) -> bpy.types.Material:
        copy = material.copy()
        if copy.node_tree is not None:
            self._copy_groups(copy.node_tree, {})
        return copy

    def _copy_groups(
        self, tree: bpy.types.NodeTree, copies: dict[bpy.types.NodeTree, bpy.types.NodeTree]
    ) -> None:
        """Give a tree groups of its own, and the groups in them: several materials share them."""
        for node in tree.nodes:
            if node.type != "GROUP" or node.node_tree is None:
                continue
            if node.node_tree not in copies:
                copies[node.node_tree] = copy = node.node_tree.copy()
                self._groups.append(copy)
                self._copy_groups(copy, copies)
            node.node_tree = copies[node.node_tree]
