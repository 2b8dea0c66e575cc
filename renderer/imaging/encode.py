"""Pictures → files: PNG, JPEG and WebP with pinned encoder settings and no metadata."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image


def encode(
    picture: npt.NDArray[np.uint8], format: Literal["png", "jpeg", "webp"], quality: int
) -> bytes:
    """Return the bytes of an image file. ``quality`` is for jpeg and webp (webp 100: lossless)."""
    image = Image.fromarray(picture)
    buffer = io.BytesIO()
    if format == "png":
        image.save(buffer, "PNG", compress_level=4)
    elif format == "jpeg":
        image.save(buffer, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    else:
        image.save(buffer, "WEBP", quality=quality, lossless=quality == 100, method=4)
    return buffer.getvalue()
