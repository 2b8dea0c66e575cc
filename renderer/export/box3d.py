"""The box of an object in space as formats with standing boxes have it: length, height, width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.dataset.records import AnnotationRecord
from renderer.export.models import ModelMissingError, Models
from renderer.truth.kinds.pose import PoseFields

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Box3d:
    """An object's own box, in the camera's frame.

    Attributes:
        center: (3,) its middle, in metres.
        size: (3,) along the model's x, y and z, in metres.
        turn: (3, 3) takes the model's axes to the camera's.

    """

    center: Array
    size: Array
    turn: Array


def box3d_of(record: AnnotationRecord, models: Models) -> Box3d:
    """Return the box of an object: as its boxes3d labels say, or by its pose and its model.

    Raises:
        ModelMissingError: it has no such labels, and its model is not at hand.

    """
    assert isinstance(record, PoseFields)  # the format needs that kind
    turn = np.array(record.cam_R_m2c)
    if "box3d_center" in record:
        return Box3d(np.array(record["box3d_center"]), np.array(record["box3d_size"]), turn)
    try:
        facts = models.facts(record.asset)
    except ModelMissingError as error:
        raise ModelMissingError(
            f"the dataset has no boxes3d labels, by which this would need no model, and {error}"
        ) from None
    low, high = np.array(facts.minimum), np.array(facts.maximum)
    center = np.array(record.cam_t_m2c) + turn @ (record.scale * (low + high) / 2)
    return Box3d(center, record.scale * (high - low), turn)
