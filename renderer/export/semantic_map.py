"""Where an image shows nothing that has a label, or should have one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.export.sample import Sample
from renderer.geometry.crop import Mask


def background_pixels(sample: Sample) -> Mask | None:
    """Return the pixels (height, width) that may be background: those that semantic labels call so,
    or panoptic ones that know a background; without them all, or None where objects were dropped
    and nothing says where they are.

    Raises:
        DatasetError: those labels are no picture of its size.

    """
    size = (sample.image.height, sample.image.width)
    if "semantic" in sample.files:
        return np.asarray(_read(sample, "semantic", size) == 0)
    segments = sample.image.get("segments_info", ()) if "panoptic" in sample.files else ()
    stuff = [each["id"] for each in segments if not each["instance"]]
    if stuff:
        blue, green, red = np.moveaxis(_read(sample, "panoptic", (*size, 3)).astype(int), -1, 0)
        return np.asarray(red + 256 * green + 65536 * blue == stuff[0])
    return None if sample.image.get("dropped") else np.ones(size, np.bool_)


def _read(sample: Sample, name: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    import cv2

    content = np.frombuffer(sample.files[name].read(), np.uint8)
    found = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if found is None or found.shape != shape:
        raise DatasetError(
            f"the {name} labels of image {sample.image.id} are no picture of "
            f"{shape[1]}x{shape[0]} pixels: orbitset dataset validate tells more"
        )
    return found
