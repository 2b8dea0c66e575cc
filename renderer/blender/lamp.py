"""Lamps: area, point, sun and spot lights from a Shot."""

from __future__ import annotations

import math

import bpy
from mathutils import Matrix, Vector

from renderer.shot.scene import Lamp

_TYPES = {"area": "AREA", "point": "POINT", "sun": "SUN", "spot": "SPOT"}


def light_for(lamp: Lamp, name: str) -> bpy.types.Object:
    """Return a new light object, not yet linked to a scene."""
    light = bpy.data.lights.new(name, _TYPES[lamp.type])
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
    item = bpy.data.objects.new(name, light)
    turn = Vector(lamp.direction).to_track_quat("-Z", "Y").to_matrix().to_4x4()
    if lamp.turn_deg:
        turn @= Matrix.Rotation(math.radians(lamp.turn_deg), 4, "Z")
    item.matrix_world = Matrix.Translation(lamp.position) @ turn
    return item
