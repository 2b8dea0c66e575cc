"""A room around the objects: its surfaces, and that light comes in."""

from __future__ import annotations

from collections.abc import Sequence

from renderer.blender.effect_scene import EffectScene
from renderer.effects.finish.blender import finish_material
from renderer.shot.scene import RoomPart


def put_up(room: Sequence[RoomPart], scene: EffectScene) -> None:
    """Give the parts of a room their surfaces, gone after the shot.

    Walls cast no shadow: lamps and world are where the recipe has them, wherever walls are, as if
    there were windows. They are seen, mirrored, and reflect light all the same.
    """
    for each in room:
        items = scene.objects(each.instance)
        for material in scene.materials(each.instance):
            finish_material(material, each.finish, items, scene.units_per_m)
        for item in items:
            item.visible_shadow = each.part != "wall"
