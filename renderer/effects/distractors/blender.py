"""Colours in Blender's materials."""

from __future__ import annotations

import bpy

from renderer.shot.scene import Vector


def paint(material: bpy.types.Material, color: Vector) -> None:
    """Give a plain material a colour (linear Rec.709), in every engine."""
    material.diffuse_color = (*color, 1.0)  # Workbench's
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1.0)
