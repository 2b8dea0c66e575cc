"""Pictures for formats whose readers open some kinds of files only."""

from __future__ import annotations

import cv2
import numpy as np

from renderer.dataset.layout import DatasetError
from renderer.dataset.picture import decode_picture
from renderer.errors import UserError
from renderer.export.sample import Sample
from renderer.export.target import Target

_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 4),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
)


def take_picture(
    target: Target, name: str, sample: Sample, keep: tuple[str, ...] = (".png",)
) -> str:
    """Write a picture as it is where its kind is one of some, and else as PNG without loss.

    Args:
        target: takes it.
        name: its name there, without the ending.
        sample: whose picture.
        keep: endings that stay.

    Returns:
        Its name with the ending.

    Raises:
        DatasetError: it cannot be decoded.

    """
    picture = sample.picture
    if picture.suffix in keep:
        target.take(f"{name}{picture.suffix}", picture)
        return f"{name}{picture.suffix}"
    try:
        with picture.path.open("rb") as file:
            pixels = np.asarray(decode_picture(file))
    except UserError as error:
        raise DatasetError(f"{sample.image.file_name}: {error}") from None
    done, content = cv2.imencode(".png", pixels[..., ::-1], _SETTINGS)
    assert done
    target.write(f"{name}.png", content.tobytes())
    return f"{name}.png"
