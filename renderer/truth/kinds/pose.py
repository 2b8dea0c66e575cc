"""The pose of an object in the camera's frame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind, Labels, Problem
from renderer.values.bounded import Matrix3x3, Number, Vector3

if TYPE_CHECKING:
    from renderer.shot.camera import Camera
    from renderer.shot.scene import Instance
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

# Last bits of matrix products differ between processors.
_BITS = 1e-9
_AXES = ("#ef4444", "#22c55e", "#3b82f6")


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

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the poses."""
        return Labels({entry.instance: pose_of(truth.camera, entry) for entry in truth.labelled})

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the shot."""
        import numpy as np

        for record in stored.annotations:
            entry = stored.entry(record)
            if entry is None or stored.camera is None:
                continue
            made = pose_of(stored.camera, entry)
            if not _close(record["scale"], made.scale):
                yield record, f"scale is {record['scale']}, its shot says {made.scale}"
            if not _close(record["cam_R_m2c"], made.cam_R_m2c):
                found = np.array(record["cam_R_m2c"])
                turned = np.abs(found @ found.T - np.eye(3)).max() < 1e-5
                yield record, f"cam_R_m2c is not {'that of its shot' if turned else 'a rotation'}"
            if not _close(record["cam_t_m2c"], made.cam_t_m2c):
                yield record, "cam_t_m2c is not that of its shot"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Draw the model's axes from its origin: x red, y green, z blue."""
        import numpy as np

        from renderer.geometry.distortion import Distortion
        from renderer.geometry.projection import project

        camera = stored.image["camera"]
        lens = camera.get("distortion")
        K = np.array(camera["K"], np.float64)  # noqa: N806
        for record in stored.annotations:
            to_camera = np.eye(4)
            to_camera[:3, :3], to_camera[:3, 3] = record["cam_R_m2c"], record["cam_t_m2c"]
            _, _, wide, high = record.get("bbox", (0, 0, *stored.size))
            length = to_camera[2, 3] * max(wide, high) / 2 / K[0, 0]
            points = np.vstack([np.zeros(3), np.eye(3) * length])
            origin, *ends = project(
                points, K, to_camera, None if lens is None else Distortion.model_validate(lens)
            )
            for end, colour in zip(ends, _AXES, strict=True):
                if origin[2] > 0 and end[2] > 0:
                    canvas.line(origin[:2], end[:2], colour)


def pose_of(camera: Camera, entry: Instance) -> PoseFields:
    """Return the pose of an object before a camera."""
    import numpy as np

    to_camera = camera.pose @ np.array(entry.model_to_world)
    turn = (to_camera[:3, :3] / entry.scale).round(12).tolist()
    fields = {"cam_R_m2c": turn, "cam_t_m2c": to_camera[:3, 3].round(12).tolist()}
    return PoseFields.model_validate({**fields, "scale": entry.scale}, strict=False)


def _close(found: Any, made: Any) -> bool:
    if found == made:  # nearly always, and arrays take 70 times as long
        return True
    import numpy as np

    found, made = np.asarray(found, np.float64), np.asarray(made, np.float64)
    return found.shape == made.shape and np.allclose(found, made, rtol=_BITS, atol=_BITS)
