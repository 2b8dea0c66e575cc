"""A camera of Blender's that turns while its shutter is open."""

from __future__ import annotations

from collections.abc import Callable

import bpy
from mathutils import Quaternion, Vector

# The frame at whose middle the picture is taken, and the shutter, of a frame's length, is open.
_FRAME = 1


def turn_camera(scene: bpy.types.Scene, turn: tuple[float, float, float]) -> Callable[[], None]:
    """Have the camera turn by a rotation vector (radians, OpenCV's axes) about where it stands,
    half of it before and half of it after its pose; return what takes that back.
    """
    camera, pose = scene.camera, scene.camera.matrix_world.copy()
    x, y, z = turn
    axis, angle = Vector((x, -y, -z)), Vector(turn).length  # Blender's camera has y up, z back
    mode, straight = camera.rotation_mode, pose.to_quaternion()
    camera.rotation_mode = "QUATERNION"
    for at, share in ((_FRAME - 1, -1.0), (_FRAME + 1, 1.0)):  # the shutter: half of it either way
        camera.rotation_quaternion = straight @ Quaternion(axis, share * angle)
        camera.keyframe_insert("rotation_quaternion", frame=at)
    action = camera.animation_data.action
    for curve in _curves(camera):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"
    render = scene.render
    scene.frame_set(_FRAME)
    render.use_motion_blur = True
    render.motion_blur_position, render.motion_blur_shutter = "CENTER", 1.0

    def stop() -> None:
        render.use_motion_blur = False
        camera.animation_data_clear()
        bpy.data.actions.remove(action)
        camera.rotation_mode = mode
        camera.matrix_world = pose

    return stop


def _curves(camera: bpy.types.Object) -> list[bpy.types.FCurve]:
    """Return the curves of an object's animation, which has one slot."""
    animation = camera.animation_data
    (layer,) = animation.action.layers
    (strip,) = layer.strips
    return list(strip.channelbag(animation.action_slot).fcurves)
