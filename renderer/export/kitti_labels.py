"""The lines of KITTI: an object's label, and an image's calibration."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.box3d import Box3d, box3d_of
from renderer.export.checked import category_name
from renderer.export.kitti import DONT_CARE, LARGE_PART, WHOLE
from renderer.export.models import Models
from renderer.export.pinhole import at_whole_pixels, pinhole
from renderer.export.sample import Sample
from renderer.geometry.crop import Crop
from renderer.truth.kinds.amodal import AmodalFields
from renderer.truth.mask import to_mask

Array = npt.NDArray[np.float64]

_UNKNOWN = "-1 -1 -10 {box} -1 -1 -1 -1000 -1000 -1000 -10"


@dataclass(frozen=True)
class View:
    """How the labels of an image are turned.

    Attributes:
        to_axes: (3, 3) takes the camera's axes to those of the labels.
        forward: which of a model's axes, and its sign, is forward.
        max_tilt: in radians.

    """

    to_axes: Array
    forward: tuple[int, int]
    max_tilt: float


def level(world_to_camera: Array) -> Array:
    """Return the rotation (3, 3) from a camera's axes to those of a level one in its place that
    looks the same way; where it looks straight up or down, what is up in the picture is ahead.
    """
    down = -world_to_camera[:, 2]
    ahead = np.array([0.0, 0.0, 1.0])
    if abs(down[2]) > 1 - 1e-9:
        ahead = np.array([0.0, -1.0, 0.0])
    ahead = ahead - down * (down @ ahead)
    ahead /= np.linalg.norm(ahead)
    return np.array([np.cross(down, ahead), down, ahead])


def label_line(
    record: AnnotationRecord,
    sample: Sample,
    view: View,
    names: Mapping[int, str],
    models: Models,
    left_out: Counter[str],
) -> str:
    """Return the line of an object; what is DontCare is counted."""
    assert isinstance(record, AmodalFields)  # the format needs that kind
    box = _picture_box(record, sample)
    name = category_name(record, names)
    if record.iscrowd:
        left_out["ignored"] += 1
        return f"{DONT_CARE} {_UNKNOWN.format(box=box)}\n"
    standing = _standing(box3d_of(record, models), view)
    if standing is None:
        left_out["tilted"] += 1
        return f"{DONT_CARE} {_UNKNOWN.format(box=box)}\n"
    hidden = 0 if record.visibility >= WHOLE else 1 if record.visibility >= LARGE_PART else 2
    alpha, space = standing
    return f"{name} {record.truncation:.6f} {hidden} {alpha} {box} {space}\n"


def _picture_box(record: AnnotationRecord, sample: Sample) -> str:
    """Return the indices of the first and last pixel of the whole object in the frame."""
    assert isinstance(record, AmodalFields)  # the format needs that kind
    try:
        mask = to_mask(record.amodal_segmentation, sample.image.height, sample.image.width)
    except ValueError as error:
        raise DatasetError(
            f"annotation {record.id} has a damaged mask ({error}): orbitset dataset validate tells "
            "more"
        ) from None
    x, y, w, h = Crop.whole(mask).box
    return f"{x}.00 {y}.00 {x + w - 1}.00 {y + h - 1}.00"


def _standing(box: Box3d, view: View) -> tuple[str, str] | None:
    """Return alpha, and the size, place and turn of an object; None where it is tilted."""
    turn, center = view.to_axes @ box.turn, view.to_axes @ box.center
    tilt = math.acos(max(-1.0, min(1.0, -float(turn[1, 2]))))
    if tilt > view.max_tilt:
        return None
    axis, sign = view.forward
    length, width, height = box.size[axis], box.size[1 - axis], box.size[2]
    x, y, z = center + np.array([0.0, height / 2, 0.0])
    heading = sign * turn[:, axis]
    # A turn about y takes x to (cos, 0, -sin).
    rotation = math.atan2(-heading[2], heading[0])
    alpha = _wrapped(rotation - math.atan2(x, z))
    numbers = (height, width, length, x, y, z, rotation)
    return f"{alpha:.6f}", " ".join(f"{number:.6f}" for number in numbers)


def _wrapped(angle: float) -> float:
    """Return an angle between -pi and pi."""
    return math.remainder(angle, 2 * math.pi)


def calibration(sample: Sample, view: View) -> bytes:
    """Return the calibration of an image. There is one camera, and a laser scanner in its place
    with axes of its own: x ahead, y left, z up.
    """
    turned = np.array(at_whole_pixels(pinhole(sample, "KITTI"))) @ view.to_axes.T
    projection = _row_by_row(np.column_stack([turned, np.zeros(3)]))
    scanner = ((0, -1, 0, 0), (0, 0, -1, 0), (1, 0, 0, 0))
    lines = [
        *(f"P{camera}: {projection}" for camera in range(4)),
        f"R0_rect: {_row_by_row(np.eye(3))}",
        f"Tr_velo_to_cam: {_row_by_row(np.array(scanner))}",
        f"Tr_imu_to_velo: {_row_by_row(np.eye(3, 4))}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _row_by_row(matrix: Array) -> str:
    return " ".join(f"{float(each) + 0.0:.12e}" for each in matrix.ravel())
