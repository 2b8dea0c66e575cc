"""Pictures with their labels drawn over them, and contact sheets."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from renderer.colour.palette import colour_of
from renderer.dataset.fonts import Line, label_of, line, plain
from renderer.dataset.segmentation import mask_of
from renderer.dataset.stored import Stored as Record
from renderer.errors import UserError
from renderer.values.bounded import LARGEST_SIDE
from renderer.values.files import IMAGE_SUFFIXES

Box = tuple[int, int, int, int]

_SHEET_WIDTH, _GAP, _CAPTION = 1600, 10, 26
# Five columns leave a cell wide enough for a name and a figure.
_MOST_COLUMNS = 5
# On narrower pictures a label hides what it names.
_LEAST_WIDTH = 480
# On a sheet a picture is shown at most so many times as high as wide.
_SLIMMEST = 8


def draw_overlay(
    picture: Image.Image,
    annotations: Sequence[Record],
    names: dict[int, str],
    masks: bool = True,
    width: int = 0,
) -> Image.Image:
    """Return the picture with boxes, names and (with ``masks``) tinted, outlined masks.

    Args:
        picture: the picture.
        annotations: its COCO records.
        names: category names by id.
        masks: draw the masks.
        width: the result's width, drawn at that scale; 0 keeps the picture's, small ones enlarged.

    """
    scale = (width or max(picture.width, _LEAST_WIDTH)) / picture.width
    # A strip of one column, enlarged, would fill the memory.
    scale = min(scale, max(1.0, LARGEST_SIDE / picture.height))
    size = round(picture.width * scale), max(1, round(picture.height * scale))
    drawn = np.array(_scaled(picture, size))
    taken = np.zeros(drawn.shape[:2], np.int32)
    stroke = max(2 if size[0] >= _LEAST_WIDTH else 1, round(size[0] / 480))
    for record in annotations:
        cover = _cover(record, picture.size, size)
        taken[cover] = 1
        if masks:
            _tint(drawn, cover, ImageColor.getrgb(_colour(record))[:3], stroke)
    result = Image.fromarray(drawn)
    pen = ImageDraw.Draw(result)
    boxes = [_scaled_box(record["bbox"], scale) for record in annotations]
    for record, (left, top, right, bottom) in zip(annotations, boxes, strict=True):
        pen.rectangle((left, top, right - 1, bottom - 1), outline=_colour(record), width=stroke)
    letters = max(13, size[0] // 44)
    for record, box in zip(annotations, boxes, strict=True):
        name = label_of(record["category_id"], names[record["category_id"]])
        label = _fitted(name, f", vis. {record['visibility']:.0%}", letters, size[0])
        x, y, w, h = _place(box, _extent(label), taken)
        pen.rectangle((x, y, x + w - 1, y + h - 1), fill=_colour(record))
        ink = "white" if _dark(_colour(record)) else "black"
        label.draw(pen, x + (w - label.width) / 2, y + 2 - label.top, ink)
    return result


def _colour(record: Record) -> str:
    return colour_of(record["category_id"])


def _scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    picture = picture.convert("RGB")
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _cover(record: Record, old: tuple[int, int], new: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Return a record's mask at another size of the picture, its pixels left whole."""
    mask = mask_of(record, old[1], old[0])
    scaled = cv2.resize(mask.astype(np.uint8), new, interpolation=cv2.INTER_NEAREST)
    return scaled.astype(np.bool_)


def _tint(
    drawn: npt.NDArray[np.uint8], cover: npt.NDArray[np.bool_], colour: Any, stroke: int
) -> None:
    drawn[cover] = (0.65 * drawn[cover] + 0.35 * np.array(colour)).astype(np.uint8)
    side = 2 * stroke + 1
    inner = cv2.erode(cover.astype(np.uint8), np.ones((side, side), np.uint8)).astype(np.bool_)
    drawn[cover & ~inner] = colour


def _scaled_box(bbox: Sequence[float], scale: float) -> Box:
    """Return left, top, right and bottom of a COCO box; the last two lie just outside."""
    x, y, w, h = bbox
    left, top = round(x * scale), round(y * scale)
    return left, top, max(round((x + w) * scale), left + 1), max(round((y + h) * scale), top + 1)


def _fitted(name: str, rest: str, size: float, width: int) -> Line:
    """Return a label that fits into the picture: its name is cut off where it is too long."""
    label, kept = line(size, name, rest), len(name)
    while kept > 1 and _extent(label)[0] > width:
        kept -= 1
        label = line(size, f"{name[:kept]}…", rest)
    return label


def _extent(label: Line) -> tuple[int, int]:
    """Return width and height of a label's ground."""
    return math.ceil(label.width) + 8, math.ceil(label.bottom - label.top) + 4


def _place(box: Box, extent: tuple[int, int], taken: npt.NDArray[np.int32]) -> Box:
    """Return x, y, width and height of a label, and mark it as taken: at its box, inside the
    picture, over as little as can be.
    """
    left, top, right, bottom = box
    w, h = extent
    rows, columns = taken.shape
    corners = [
        *((left, top - h), (right - w, top - h), (left, bottom), (right - w, bottom)),
        *((right, top), (left - w, top), (right, bottom - h), (left - w, bottom - h)),
        (left, top),
    ]
    spots = [
        (min(max(x, 0), max(columns - w, 0)), min(max(y, 0), max(rows - h, 0))) for x, y in corners
    ]

    def cost(rank: int) -> float:
        x, y = spots[rank]
        # The usual places come first, unless another hides clearly less.
        return float(taken[y : y + h, x : x + w].sum()) + 0.01 * rank * w * h

    x, y = spots[min(range(len(spots)), key=cost)]
    taken[y : y + h, x : x + w] = 8  # over another label is worse than over an object
    return x, y, w, h


def _dark(colour: str) -> bool:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 125


def cell_width(count: int) -> int:
    """Return how wide each of ``count`` pictures is on a contact sheet."""
    columns = _columns(count)
    return (_SHEET_WIDTH - _GAP * (columns + 1)) // columns


def _columns(count: int) -> int:
    return min(count, _MOST_COLUMNS, max(2, round(math.sqrt(count * 1.2))))


def contact_sheet(pictures: list[tuple[str, Image.Image]]) -> Image.Image:
    """Return one image with all pictures on a grid, each with its caption below it."""
    columns, cell = _columns(len(pictures)), cell_width(len(pictures))
    ratio = min(max(picture.height / picture.width for _, picture in pictures), _SLIMMEST)
    row_height = round(cell * ratio) + _CAPTION + _GAP
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (_SHEET_WIDTH, rows * row_height + _GAP), "#14181f")
    pen = ImageDraw.Draw(sheet)
    for number, (text, picture) in enumerate(pictures):
        x = _GAP + number % columns * (cell + _GAP)
        y = _GAP + number // columns * row_height
        share = min(1.0, ratio * picture.width / picture.height)
        height = max(1, round(cell * share * picture.height / picture.width))
        scaled = _scaled(picture, (max(1, round(cell * share)), height))
        sheet.paste(scaled, (x, y))
        line(14, plain(text)).draw(pen, x + 2, y + scaled.height + 4 + 13, "#cbd5e1")
    return sheet


def local(path: Path, what: str) -> Path:
    """Return a path that pictures for looking at are to be written to.

    Raises:
        UserError: it is an address of a store.

    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        raise UserError(f"-o takes a local {what} here")
    return path


def picture_file(path: Path) -> Path:
    """Return the path of a picture that can be written there.

    Raises:
        UserError: it is an address of a store, or its name is not an image file's.

    """
    local(path, "file")
    if path.suffix.lower() not in IMAGE_SUFFIXES or path.is_dir():
        raise UserError(f"-o {path}: the name of the picture must end in .png, .jpg or .webp")
    return path
