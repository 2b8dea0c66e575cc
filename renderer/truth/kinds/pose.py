"""The pose of an object in the camera's frame."""

from __future__ import annotations

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind
from renderer.values.bounded import Matrix3x3, Number, Vector3


class PoseFields(Fields):
    """Takes model coordinates to the camera's: ``cam_R_m2c @ (scale * X) + cam_t_m2c``."""

    cam_R_m2c: Matrix3x3 = Field(  # noqa: N815
        description="The rotation to the camera's axes (OpenCV: x right, y down, z forward)."
    )
    cam_t_m2c: Vector3 = Field(description="The model's origin in the camera's frame, in metres.")
    scale: Number = Field(description="By what model coordinates are multiplied before.")


class Pose(LabelKind):
    """BOP's 6D pose."""

    name = "pose"
    default = True
    ObjectFields = PoseFields
