"""The pose of an object in the camera's frame."""

from __future__ import annotations

from renderer.shot.scene import Matrix3, Vector
from renderer.truth.kind import Fields, LabelKind


class PoseFields(Fields):
    """``cam_R_m2c`` and ``cam_t_m2c`` (metres) take model coordinates, multiplied by ``scale``, to
    the camera (OpenCV axes).
    """

    cam_R_m2c: Matrix3  # noqa: N815
    cam_t_m2c: Vector
    scale: float


class Pose(LabelKind):
    """BOP's 6D pose."""

    name = "pose"
    default = True
    ObjectFields = PoseFields
