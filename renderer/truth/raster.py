"""Files of a number or three a pixel: float32 OpenEXR, PNG, and TIFF of many pages. Same numbers,
same bytes.

Of a file that is read only the size that is asked for is decoded: the header is looked at before.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from renderer.errors import UnavailableError, UserError

# OpenCV looks at it when it first meets such a file.
os.environ.setdefault("OPENCV_IO_ENABLE_OPENEXR", "1")

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.uint16]

_EXR = b"v/1\x01"
_PNG = b"\x89PNG\r\n\x1a\n"
_EXR_FLOAT = (cv2.IMWRITE_EXR_TYPE, cv2.IMWRITE_EXR_TYPE_FLOAT)
_ZIP = (cv2.IMWRITE_EXR_COMPRESSION, cv2.IMWRITE_EXR_COMPRESSION_ZIP)
_PIZ = (cv2.IMWRITE_EXR_COMPRESSION, cv2.IMWRITE_EXR_COMPRESSION_PIZ)
_PNG_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 4),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_DEFAULT),
)
# Of numbers in flat areas a harder try makes files no smaller.
_FLAT_PNG_SETTINGS = (
    *(cv2.IMWRITE_PNG_COMPRESSION, 1),
    *(cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE),
)
# PackBits: any reader has it, and it takes a tenth of Deflate's time.
_TIFF_SETTINGS = (cv2.IMWRITE_TIFF_COMPRESSION, 32773)


def encode_exr(values: Floats, rounded: bool = False) -> bytes:
    """Return an OpenEXR file (float32) of values (h, w) in channel Y, or (h, w, 3) in channels R, G
    and B. Of values whose last bits are 0 (``rounded``), PIZ takes half as long as ZIP.
    """
    settings = (*_EXR_FLOAT, *(_PIZ if rounded else _ZIP))
    return _encode(".exr", values.astype(np.float32), settings)


def decode_exr(content: bytes, size: tuple[int, int]) -> Floats:
    """Return the values (h, w) or (h, w, 3) of an OpenEXR file.

    Args:
        content: the file.
        size: (width, height) that it should have.

    Raises:
        UserError: it is none, or of another size.

    """
    if content[:4] != _EXR:
        raise UserError("it is no OpenEXR file")
    _must_be(_exr_size(content), size)
    found = _decode(content, "an OpenEXR file")
    if found.dtype != np.float32:
        raise UserError(f"its values are {found.dtype}, and should be float32")
    return found


def encode_png(values: Bytes | Shorts) -> bytes:
    """Return a PNG, of 8 or 16 bits as the values are, of values (h, w), grey, or (h, w, 3), red,
    green and blue.
    """
    held = values if values.dtype == np.uint8 else values.astype(np.uint16)
    return _encode(".png", held, _PNG_SETTINGS)


def encode_flat_png(values: Bytes | Shorts) -> bytes:
    """Return a PNG, of 8 or 16 bits as the values are, of values (h, w) or (h, w, 3) that are the
    same over whole areas.
    """
    return _encode(".png", values, _FLAT_PNG_SETTINGS)


def decode_png(content: bytes, size: tuple[int, int], bits: int = 16) -> npt.NDArray[Any]:
    """Return the values (h, w) or (h, w, 3) of a PNG.

    Args:
        content: the file.
        size: (width, height) that it should have.
        bits: of a value that it should have, 8 or 16.

    Raises:
        UserError: it is none, or of another size or depth.

    """
    if content[:8] != _PNG or len(content) < 26:
        raise UserError("it is no PNG")
    width, height, found = struct.unpack(">IIB", content[16:25])
    _must_be((width, height), size)
    if found != bits:
        raise UserError(f"it has {found} bits a value, and should have {bits}")
    return _decode(content, "a PNG")


def encode_pages(pages: Sequence[Bytes]) -> bytes:
    """Return a TIFF of pages (h, w) of 8 bits, at least one."""
    done, content = cv2.imencodemulti(".tiff", list(pages), _TIFF_SETTINGS)
    if not done:
        raise UnavailableError("OpenCV cannot write TIFF files")
    return content.tobytes()


def decode_pages(content: bytes, size: tuple[int, int], count: int) -> list[Bytes]:
    """Return the pages (h, w) of a TIFF of 8 bits.

    Args:
        content: the file.
        size: (width, height) that each page should have.
        count: how many there should be.

    Raises:
        UserError: it is none, or has other pages.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of some damage
            file = Image.open(io.BytesIO(content), formats=("TIFF",))
            found = getattr(file, "n_frames", 1)
            if found != count:
                raise UserError(f"it has {found} pages, and should have {count}")
            return [_page(file, at, size) for at in range(count)]
    except UserError:
        raise
    except Exception as error:  # at damaged files Pillow raises all kinds
        raise UserError("it is damaged: it cannot be decoded as a TIFF") from error


def _page(file: Image.Image, at: int, size: tuple[int, int]) -> Bytes:
    file.seek(at)
    _must_be(file.size, size)
    if file.mode != "L":
        raise UserError(f"its page {at} is no grey of 8 bits")
    return np.array(file)


def _encode(suffix: str, values: npt.NDArray[Any], settings: tuple[int, ...]) -> bytes:
    flat = values if values.ndim == 2 else values[..., ::-1]  # OpenCV has blue first
    done, content = cv2.imencode(suffix, np.ascontiguousarray(flat), settings)
    if not done:
        raise UnavailableError(f"OpenCV cannot write {suffix} files")
    return content.tobytes()


def _decode(content: bytes, what: str) -> npt.NDArray[Any]:
    try:
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        found = None
    if found is None:
        raise UserError(f"it is damaged: it cannot be decoded as {what}")
    if found.ndim == 3 and found.shape[2] != 3:
        raise UserError(f"it has {found.shape[2]} channels, and should have 1 or 3")
    return found if found.ndim == 2 else found[..., ::-1]


def _must_be(found: tuple[int, int], size: tuple[int, int]) -> None:
    if found != size:
        raise UserError(f"it is {found[0]}x{found[1]} pixels, and should be {size[0]}x{size[1]}")


def _exr_size(content: bytes) -> tuple[int, int]:
    """Return width and height by the header: attributes of name, type, length and value."""
    at = 8
    try:
        while content[at] != 0:
            name_end = content.index(b"\0", at)
            type_end = content.index(b"\0", name_end + 1)
            (length,) = struct.unpack_from("<i", content, type_end + 1)
            if content[at:name_end] == b"dataWindow":
                left, top, right, bottom = struct.unpack_from("<4i", content, type_end + 5)
                return right - left + 1, bottom - top + 1
            at = type_end + 5 + max(length, 0)
    except (IndexError, ValueError, struct.error):
        pass
    raise UserError("it is damaged: its header is cut short")
