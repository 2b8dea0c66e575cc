"""Where an image shows nothing that has a label, or should have one."""

from __future__ import annotations

import numpy as np

from renderer.dataset.layout import DatasetError
from renderer.export.sample import Sample
from renderer.geometry.crop import Mask


def background_pixels(sample: Sample) -> Mask | None:
    """Return the pixels (height, width) that may be background: all that its semantic labels do not
    call an object or void, and without those all; None where objects were dropped and nothing says
    where they are.

    Raises:
        DatasetError: its semantic labels are no picture of its size.

    """
    size = (sample.image.height, sample.image.width)
    if "semantic" not in sample.files:
        return None if sample.image.get("dropped") else np.ones(size, np.bool_)
    import cv2

    content = np.frombuffer(sample.files["semantic"].read(), np.uint8)
    found = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if found is None or found.shape != size:
        raise DatasetError(
            f"the semantic labels of image {sample.image.id} are no picture of {size[1]}x{size[0]} "
            "pixels: orbitset dataset validate tells more"
        )
    return np.asarray(found == 0)
