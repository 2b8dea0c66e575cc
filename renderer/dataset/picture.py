"""Pictures of a dataset: of the formats that recipes write, and no larger than they may ask for."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import IO

from PIL import Image, UnidentifiedImageError

from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.records import ImageRecord
from renderer.dataset.storage import write_atomic
from renderer.errors import UserError
from renderer.values.bounded import LARGEST_SIDE

# Pillow knows sixty, of which some start other programs.
_FORMATS = ("PNG", "JPEG", "WEBP")


def decode_picture(file: IO[bytes]) -> Image.Image:
    """Return a picture file as RGB, fully read.

    Raises:
        ValueError: it is none, or decodes into more memory than it should.

    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as picture:
                # Before a pixel of it is decoded.
                if max(picture.size) > LARGEST_SIDE:
                    width, height = picture.size
                    raise UserError(f"{width}x{height} pixels are more than {LARGEST_SIDE} a side")
                picture.load()
                return picture if picture.mode == "RGB" else picture.convert("RGB")
    except Exception as error:  # at damaged files Pillow raises all kinds
        unknown = isinstance(error, UnidentifiedImageError)  # its text is an address in memory
        why = "it is no PNG, JPEG or WebP" if unknown else error
        raise UserError(f"the picture cannot be decoded: {why}") from None


def open_picture(layout: Layout, image: ImageRecord) -> Image.Image:
    """Return the picture of an image's record as RGB, fully read.

    Raises:
        DatasetError: it is elsewhere, or cannot be decoded.
        OSError: it cannot be read.

    """
    name = image.file_name
    with layout.file(name).open("rb") as file:
        try:
            picture = decode_picture(file)
        except ValueError as error:
            raise DatasetError(f"{name}: {error}") from None
    if picture.size != (image.width, image.height):
        width, height = picture.size
        raise DatasetError(
            f"{name}: the picture is {width}x{height} pixels, and its record says "
            f"{image.width}x{image.height}"
        )
    return picture


def save_picture(picture: Image.Image, path: Path) -> None:
    """Write a picture in the format that its name tells; a link by that name is replaced, and what
    it leads to left alone.

    Raises:
        DiskError: it cannot be written.

    """
    content = io.BytesIO()
    picture.save(content, Image.registered_extensions()[path.suffix.lower()])
    write_atomic(path, content.getvalue())
