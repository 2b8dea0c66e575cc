"""Lamps: area, point, sun and spot lights from a Shot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy
from mathutils import Matrix, Vector

from renderer.shot.scene import Lamp

_TYPES = {"area": "AREA", "point": "POINT", "sun": "SUN", "spot": "SPOT"}
_FIRST = 16


class SceneLamps:
    """The lamps of a scene, which stay: those that a shot has not are dark.

    A persistent session of Cycles keeps its lights, the world among them, in the order in which it
    got them, and knows them by their addresses: of lamps that are removed and made anew the order,
    and with it the noise, would depend on which addresses happen to be used again (bpy 4.5). Cycles
    passes over those without power.
    """

    def __init__(self, scene: bpy.types.Scene) -> None:
        """Put as many as most shots need into a scene."""
        self._scene = scene
        self._items: list[bpy.types.Object] = []
        self.has_grown_to(_FIRST)

    def has_grown_to(self, count: int) -> bool:
        """Make sure that there are so many; tell whether there are more than before, so that the
        session has to begin anew: they would stand behind the world in it.
        """
        before = len(self._items)
        while len(self._items) < count:
            name = f"lamp.{len(self._items)}"
            item = bpy.data.objects.new(name, bpy.data.lights.new(name, "POINT"))
            item.data.energy = 0
            self._scene.collection.objects.link(item)
            self._items.append(item)
        return len(self._items) > before

    def set(self, lamps: Sequence[Lamp]) -> list[bpy.types.Object]:
        """Bring them to what a shot says, and return those that it has, in its order."""
        for item, lamp in zip(self._items, lamps, strict=False):
            _set(item, lamp)
        for item in self._items[len(lamps) :]:
            item.data.energy = 0
        return self._items[: len(lamps)]


def _set(item: bpy.types.Object, lamp: Lamp) -> None:
    item.data.type = _TYPES[lamp.type]
    light = item.data  # of the type's own class from now on
    light.energy = lamp.power
    light.color = lamp.color
    if lamp.type == "area":
        light.shape, light.size = "DISK", lamp.size
        if lamp.height is not None:
            light.shape, light.size_y = "RECTANGLE", lamp.height
    elif lamp.type == "sun":
        light.angle = math.radians(lamp.size)
    else:
        light.shadow_soft_size = lamp.size / 2
    if lamp.type == "spot":
        light.spot_size = math.radians(lamp.spot_deg)
    turn = Vector(lamp.direction).to_track_quat("-Z", "Y").to_matrix().to_4x4()
    if lamp.turn_deg:
        turn @= Matrix.Rotation(math.radians(lamp.turn_deg), 4, "Z")
    item.matrix_world = Matrix.Translation(lamp.position) @ turn
