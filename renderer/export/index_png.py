"""8-bit PNGs of numbers: indices with a palette, and ids in red, green and blue."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

Bytes = npt.NDArray[np.uint8]

_COMPRESSION = 4


def encode_palette_png(indices: Bytes) -> bytes:
    """Return a PNG of indices (h, w) with the palette of Pascal VOC, by which each has a colour."""
    from PIL import Image

    picture = Image.fromarray(indices, "L")
    picture.putpalette(voc_palette().tobytes())
    return _encoded(picture)


def encode_id_png(ids: npt.NDArray[np.uint32]) -> bytes:
    """Return a PNG of ids (h, w) below 2^24, each red + 256 green + 65536 blue."""
    from PIL import Image

    channels = [(ids >> shift & 255).astype(np.uint8) for shift in (0, 8, 16)]
    return _encoded(Image.fromarray(np.dstack(channels), "RGB"))


def voc_palette() -> Bytes:
    """Return the colours (256, 3) of Pascal VOC: the bits of an index, dealt out to red, green and
    blue in turn, the highest first.
    """
    indices = np.arange(256)
    palette = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            if 3 * bit + channel < 8:
                palette[:, channel] |= ((indices >> (3 * bit + channel) & 1) << (7 - bit)).astype(
                    np.uint8
                )
    return palette


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=_COMPRESSION)
    return buffer.getvalue()
