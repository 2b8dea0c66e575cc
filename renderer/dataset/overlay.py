"""Pictures with their labels drawn over them, and contact sheets."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from renderer.dataset.fonts import Line, label_of, line, plain
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.read import read_category_records
from renderer.errors import UserError
from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Box, Canvas
from renderer.truth.kind import LabelKind, Record
from renderer.truth.stored_labels import StoredLabels
from renderer.values.bounded import LARGEST_SIDE
from renderer.values.files import IMAGE_SUFFIXES

# The kinds that are drawn unasked where they are there, and by which key that is told.
_SHOWN = {"mask": "segmentation", "box": "bbox"}

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
    labels: Sequence[str] | None = None,
    width: int = 0,
    stored: StoredLabels | None = None,
) -> Image.Image:
    """Return the picture with labels drawn over it, and the names of its objects.

    Args:
        picture: the picture.
        annotations: its COCO records.
        names: category names by id.
        labels: the kinds that are drawn, one over the other; None for masks and boxes, as far as
            they are there.
        width: the result's width, drawn at that scale; 0 keeps the picture's, small ones enlarged.
        stored: the image with its files, for kinds that draw more than the annotations.

    Raises:
        DatasetError: a label cannot be decoded.

    """
    scale = (width or max(picture.width, _LEAST_WIDTH)) / picture.width
    # A strip of one column, enlarged, would fill the memory.
    scale = min(scale, max(1.0, LARGEST_SIDE / picture.height))
    size = round(picture.width * scale), max(1, round(picture.height * scale))
    stroke = max(2 if size[0] >= _LEAST_WIDTH else 1, round(size[0] / 480))
    canvas = Canvas(_scaled(picture, size).copy(), picture.size, stroke)
    stored = stored or StoredLabels({}, annotations, picture.size)
    if labels is None:
        labels = [kind for kind, key in _SHOWN.items() if all(key in each for each in annotations)]
    for name in labels:
        draw_kind(name, canvas, stored)
    if "box" in labels:
        _write_names(canvas, stored, names)
    return canvas.picture


def stored_image(layout: Layout, image: Record, annotations: Sequence[Record]) -> StoredLabels:
    """Return an image of a dataset, as kinds draw it."""
    return StoredLabels(
        image,
        annotations,
        (image["width"], image["height"]),
        read=lambda name: layout.file(image["files"][name]["path"]).read_bytes(),
        categories=read_category_records(layout),
    )


def draw_kind(name: str, canvas: Canvas, stored: StoredLabels) -> None:
    """Draw the labels of one kind.

    Raises:
        DatasetError: they cannot be decoded, or are not there.

    """
    kind: LabelKind = LABEL_KINDS.get(name)
    where = stored.image.get("file_name", "an image")
    with LABEL_KINDS.calling(name):
        try:
            kind.draw(canvas, stored)
        except KeyError as error:
            raise DatasetError(f"{where} has no {name} labels: it lacks {error}") from None
        except UserError:
            raise
        except OSError as error:
            said = f"its file cannot be read ({error.strerror or error})"
            raise DatasetError(f"the {name} labels of {where} cannot be drawn: {said}") from None
        except (ValueError, TypeError) as error:
            raise DatasetError(f"the {name} labels of {where} cannot be drawn: {error}") from None


def _write_names(canvas: Canvas, stored: StoredLabels, names: dict[int, str]) -> None:
    pen, width = ImageDraw.Draw(canvas.picture), canvas.picture.width
    taken = _taken(canvas, stored)
    letters = max(13, width // 44)
    for record in stored.annotations:
        name = label_of(record["category_id"], names[record["category_id"]])
        rest = _seen(record)
        label = _fitted(name, rest, letters, width)
        x, y, w, h = _place(canvas.place(record["bbox"]), _extent(label), taken)
        colour = canvas.colour(record)
        pen.rectangle((x, y, x + w - 1, y + h - 1), fill=colour)
        ink = "white" if _dark(colour) else "black"
        label.draw(pen, x + (w - label.width) / 2, y + 2 - label.top, ink)


def _seen(record: Record) -> str:
    """Return how much is seen of an object: in the frame, and of all of it where that is less."""
    if "visibility" not in record:
        return ""
    told, of_all = f", vis. {record['visibility']:.0%}", record.get("visib_fract")
    less = of_all is not None and of_all < record["visibility"]
    return f"{told}, of all {of_all:.0%}" if less else told


def _taken(canvas: Canvas, stored: StoredLabels) -> npt.NDArray[np.int32]:
    """Return (h, w) of the picture, 1 where an object is seen."""
    taken = np.zeros((canvas.picture.height, canvas.picture.width), np.int32)
    for record in stored.annotations:
        if "segmentation" in record:
            taken[canvas.cover(stored.mask(record))] = 1
        else:
            left, top, right, bottom = canvas.place(record["bbox"])
            taken[top:bottom, left:right] = 1
    return taken


def _scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    picture = picture.convert("RGB")
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


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


def require_local(path: Path, what: str) -> Path:
    """Return a path that pictures for looking at are to be written to.

    Raises:
        UserError: it is an address of a store.

    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
        raise UserError(f"-o takes a local {what} here")
    return path


def require_picture_path(path: Path) -> Path:
    """Return the path of a picture that can be written there.

    Raises:
        UserError: it is an address of a store, or its name is not an image file's.

    """
    require_local(path, "file")
    if path.suffix.lower() not in IMAGE_SUFFIXES or path.is_dir():
        raise UserError(f"-o {path}: the name of the picture must end in .png, .jpg or .webp")
    return path
