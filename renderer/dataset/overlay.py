"""Pictures with their labels drawn over them, and contact sheets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from renderer.dataset.colours import colour_of
from renderer.dataset.segmentation import to_mask

Record = dict[str, Any]


def draw_overlay(
    picture: Image.Image, annotations: list[Record], names: dict[int, str], masks: bool = True
) -> Image.Image:
    """Return the picture with boxes, names and (with ``masks``) tinted, outlined masks."""
    drawn = np.array(picture.convert("RGB"))
    height, width = drawn.shape[:2]
    if masks:
        for record in annotations:
            mask = to_mask(record["segmentation"], height, width)
            colour = np.array(ImageColor.getrgb(colour_of(record["category_id"])))
            drawn[mask] = (0.6 * drawn[mask] + 0.4 * colour).astype(np.uint8)
            edge = mask & ~cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            drawn[edge] = colour
    result = Image.fromarray(drawn)
    pen = ImageDraw.Draw(result)
    size = max(11, width // 44)
    font = ImageFont.load_default(size)
    for record in annotations:
        colour_name = colour_of(record["category_id"])
        x, y, w, h = record["bbox"]
        pen.rectangle((x, y, x + w - 1, y + h - 1), outline=colour_name, width=max(1, width // 400))
        text = f"{names[record['category_id']]} {record['visibility']:.0%}"
        place = (x + 1, y - size - 4 if y > size + 4 else y + 2)
        box = pen.textbbox(place, text, font=font)
        pen.rectangle((box[0] - 3, box[1] - 2, box[2] + 3, box[3] + 2), fill=colour_name)
        pen.text(place, text, fill="white" if _dark(colour_name) else "black", font=font)
    return result


def _dark(colour: str) -> bool:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return 0.299 * red + 0.587 * green + 0.114 * blue < 140


def contact_sheet(pictures: list[tuple[str, Image.Image]], width: int = 1600) -> Image.Image:
    """Return one image with all pictures on a grid, each with its caption below it."""
    columns = min(len(pictures), max(2, math.ceil(math.sqrt(len(pictures) * 1.2))))
    gap, caption = 10, 26
    cell = (width - gap * (columns + 1)) // columns
    ratio = max(picture.height / picture.width for _, picture in pictures)
    row_height = round(cell * ratio) + caption + gap
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (width, rows * row_height + gap), "#14181f")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for number, (text, picture) in enumerate(pictures):
        x = gap + number % columns * (cell + gap)
        y = gap + number // columns * row_height
        scaled = picture.convert("RGB").resize(
            (cell, round(cell * picture.height / picture.width)), Image.Resampling.LANCZOS
        )
        sheet.paste(scaled, (x, y))
        pen.text((x + 2, y + scaled.height + 4), text, fill="#cbd5e1", font=font)
    return sheet


def open_picture(path: Path) -> Image.Image:
    """Return an image file as RGB, fully read."""
    with path.open("rb") as file, Image.open(file) as picture:
        return picture.convert("RGB")
