"""The floor: a shadow catcher, or a surface with a procedural material or an image."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import bpy
from mathutils import Matrix

from renderer.blender.engine_space import EngineSpace
from renderer.blender.floor_material import MATERIALS, image_material
from renderer.effects.finish.blender import cover
from renderer.errors import UnavailableError
from renderer.shot.ground import REACH, floor_center, has_floor
from renderer.shot.scene import FileRef, FloorState
from renderer.shot.shot import Shot
from renderer.values.finish import FinishState

_KEEP = 16


class SceneFloor:
    """The scene's one floor plane at z = 0, shown, hidden or turned into a shadow catcher."""

    def __init__(self, scene: bpy.types.Scene, folder: Path) -> None:
        """Make the plane; ``folder`` is what texture files are relative to."""
        self._folder = folder
        self._materials: OrderedDict[str, bpy.types.Material] = OrderedDict()
        self._finished: bpy.types.Material | None = None
        mesh = bpy.data.meshes.new("floor")
        mesh.from_pydata([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], [], [(0, 1, 2, 3)])
        mesh.materials.append(None)
        self.plane = bpy.data.objects.new("floor", mesh)
        scene.collection.objects.link(self.plane)

    def set(self, shot: Shot, space: EngineSpace) -> None:
        """Bring the floor to what a shot says, in the engine's space."""
        floor = shot.background.floor
        self.plane.hide_render = not has_floor(shot)
        self.plane.is_shadow_catcher = floor is None
        self.plane.visible_camera = True
        reach = REACH * shot.radius_m
        side = Matrix.Scale(reach * space.scale, 4)
        self.plane.matrix_world = Matrix.Translation(space.point(floor_center(shot))) @ side
        if floor is None:
            self._drop_finish()
            self.plane.data.materials[0] = None
            return
        if floor.finish is not None:
            self._finish(floor.finish, reach, space)
            return
        material = self._material(floor)
        self.plane.data.materials[0] = material
        nodes = material.node_tree.nodes
        tiles = reach / floor.tile_m
        nodes["tiles"].inputs["Scale"].default_value = (tiles, tiles, tiles)
        nodes["shader"].inputs["Roughness"].default_value = floor.roughness
        if floor.color is not None:
            # Sockets of a color Mix node share names across types: 0 is its factor, 7 its second
            # colour.
            nodes["tint"].inputs[0].default_value = 1.0
            nodes["tint"].inputs[7].default_value = (*floor.color, 1.0)

    def _material(self, floor: FloorState) -> bpy.types.Material:
        tinted = floor.color is not None
        key = f"{floor.material}|{floor.image.digest if floor.image else ''}|{tinted}"
        if key not in self._materials:
            made = self._from_image(floor.image) if floor.image else MATERIALS[floor.material]()
            self._materials[key] = made
            if len(self._materials) > _KEEP:
                self._drop()
        self._materials.move_to_end(key)
        return self._materials[key]

    def _finish(self, finish: FinishState, reach_m: float, space: EngineSpace) -> None:
        """Give the plane a procedural surface, made for this shot: the one before it is removed."""
        self._drop_finish()
        material = bpy.data.materials.new("floor.finish")
        material.use_nodes = True
        shader = material.node_tree.nodes["Principled BSDF"]
        cover(material.node_tree, shader, finish, reach_m, space.scale)
        self.plane.data.materials[0] = self._finished = material

    def _drop_finish(self) -> None:
        if self._finished is not None:
            bpy.data.materials.remove(self._finished)
            self._finished = None

    def _from_image(self, ref: FileRef) -> bpy.types.Material:
        image = bpy.data.images.load(str(self._folder / ref.path))
        if image.size[0] == 0:
            raise UnavailableError(f"floor image {ref.path} cannot be read: it is damaged")
        return image_material(image)

    def _drop(self) -> None:
        _, oldest = self._materials.popitem(last=False)
        images = [node.image for node in oldest.node_tree.nodes if node.type == "TEX_IMAGE"]
        bpy.data.materials.remove(oldest)
        for image in images:
            bpy.data.images.remove(image)
