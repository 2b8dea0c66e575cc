"""What is measured of pictures: each after the same resize and the same codec on both sides.

Blocks of a codec are gone after any resize, so compression alone is measured on a part of the
picture in its own pixels, after the same codec.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from renderer.colour.luma import LUMA
from renderer.colour.srgb import to_linear
from renderer.colour.temperature import blackbody
from renderer.dataset.compare.measures import MEASURES, Floats, Values
from renderer.dataset.compare.sets import SetImage
from renderer.dataset.picture import decode_picture
from renderer.errors import UserError

Bytes = npt.NDArray[np.uint8]

# Of a larger sample so many pictures are looked at.
MOST_PICTURES = 300
_LONGEST_SIDE, _SHORTEST_SIDE = 512, 48
_QUALITY = 97  # 4:2:0; a lower one would take the noise that is compared
_CROP = 512  # a multiple of the codec's blocks
PICTURE_NAMES = tuple(measure.name for measure in MEASURES if measure.of_pictures)


@dataclass(frozen=True)
class Pictures:
    """Measured pictures of one set.

    Attributes:
        values: every measure of pictures.
        count: how many were measured.
        unreadable: how many could not be decoded, and the first sentence why.

    """

    values: dict[str, Values]
    count: int
    unreadable: tuple[int, str]


def common_side(sets: Sequence[Sequence[SetImage]]) -> int:
    """Return the longer side that pictures of all sets are brought to: nearly all have it."""
    longest = [float(np.percentile([max(each.size) for each in images], 5)) for images in sets]
    return int(min(max(min(longest), _SHORTEST_SIDE), _LONGEST_SIDE))


def measure_pictures(images: Sequence[SetImage], side: int) -> Pictures:
    """Measure the first pictures of a set that can be read, a picture in memory at a time."""
    rows, places, unreadable, why = [], [], 0, ""
    for at, image in enumerate(images):
        if image.picture is None:
            continue
        try:
            picture = read_picture(image.picture)
        except (UserError, OSError) as error:
            unreadable, why = unreadable + 1, why or f"{image.picture.name}: {error}"
            continue
        rows.append(measure_picture(picture, side))
        places.append(at)
        if len(rows) == MOST_PICTURES:
            break
    table, image_of = np.array(rows).reshape(-1, len(PICTURE_NAMES)), np.array(places, np.int64)
    values = {name: Values(table[:, at], image_of) for at, name in enumerate(PICTURE_NAMES)}
    return Pictures(values, len(rows), (unreadable, why))


def read_picture(path: Path) -> Bytes:
    """Return a picture (h, w, 3).

    Raises:
        UserError: it cannot be decoded.
        OSError: it cannot be read.

    """
    with path.open("rb") as file:
        return np.asarray(decode_picture(file), np.uint8)


def measure_picture(picture: Bytes, side: int) -> list[float]:
    """Return the measures of a picture (h, w, 3) in their order."""
    small = recoded(resized(picture, side))
    luma = (small @ LUMA).astype(np.float32)
    chroma = small.max(2).astype(np.float64) - small.min(2)
    return [
        float(luma.mean() / 255),
        float(luma.std() / 255),
        float(np.log2(chroma.mean() / 255 + 0.004)),
        mired_of(small),
        float(np.log2((cv2.Laplacian(luma, cv2.CV_32F) ** 2).mean() + 0.1)),
        noise_of(luma),
        blockiness(recoded(_crop(picture))),
    ]


def resized(picture: Bytes, side: int) -> Bytes:
    """Return a picture whose longer side is so long, as area averages."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 8), max(round(height * scale), 8)
    method = cv2.INTER_AREA if scale <= 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def recoded(picture: Bytes, quality: int = _QUALITY) -> Bytes:
    """Return what a JPEG of a quality (4:2:0) makes of a picture."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=2)
    return np.asarray(Image.open(file).convert("RGB"), np.uint8)


def _crop(picture: Bytes) -> Bytes:
    """Return the middle of a picture, cut where blocks of a codec begin."""
    height, width = picture.shape[:2]
    top, left = (max(side - _CROP, 0) // 16 * 8 for side in (height, width))
    return picture[top : top + _CROP, left : left + _CROP]


def mired_of(picture: Bytes) -> float:
    """Return the temperature of the mean of a picture (h, w, 3) as if it were light, in mired: what
    its ratio of red to blue is along the temperatures. Clipped pixels tell nothing.
    """
    flat = picture.reshape(-1, 3)
    useful = flat[(flat.max(1) < 250) & (flat.max(1) > 5)]
    if len(useful) == 0:
        useful = flat
    red, _, blue = to_linear(useful.astype(np.float32) / 255).mean(0) + 1e-4
    return mired_of_ratio(float(np.log(red / blue)))


def mired_of_ratio(log_ratio: float) -> float:
    """Return the mired at which light has a logarithm of red over blue, straight on at the ends."""
    low, high = _RATIOS[0], _RATIOS[-1]
    if log_ratio < low or log_ratio > high:
        ends = (0, 1) if log_ratio < low else (-2, -1)
        (x0, x1), (y0, y1) = _RATIOS[list(ends)], _MIREDS[list(ends)]
        return float(np.clip(y0 + (y1 - y0) * (log_ratio - x0) / (x1 - x0), -200, 900))
    return float(np.interp(log_ratio, _RATIOS, _MIREDS))


def noise_of(luma: npt.NDArray[np.float32]) -> float:
    """Return the standard deviation of noise in a picture's flat parts (Immerkaer 1996, "Fast noise
    variance estimation", of the quietest quarter of its blocks).
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(luma, -1, kernel))
    rows, columns = luma.shape[0] // 8 * 8, luma.shape[1] // 8 * 8

    def by_block(values: npt.NDArray[np.float32]) -> Floats:
        blocks = values[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8)
        return np.asarray(blocks.mean((1, 3), dtype=np.float64)).ravel()

    blocks, level = by_block(rough), by_block(luma)
    exposed = blocks[(level > 6) & (level < 249)]
    flat = np.percentile(exposed if len(exposed) else blocks, 25)
    return float(np.sqrt(np.pi / 2) / 6 * flat)


def blockiness(picture: Bytes) -> float:
    """Return how much larger steps are where 8x8 blocks meet than elsewhere, as a log2."""
    luma = picture @ LUMA
    at, off = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(luma, axis=axis)).mean(1 - axis)
        edge = np.arange(1, len(steps) + 1) % 8 == 0
        if edge.any():
            at.append(steps[edge].mean())
            off.append(steps[~edge].mean())
    return float(np.log2((np.mean(at) + 0.05) / (np.mean(off) + 0.05))) if at else 0.0


_MIREDS = np.linspace(40.0, 500.0, 93)
_RATIOS = np.array([np.log(c[0] / c[2]) for c in (blackbody(1e6 / mired) for mired in _MIREDS)])
