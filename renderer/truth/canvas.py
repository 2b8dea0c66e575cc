"""A picture that labels are drawn on, at any scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from renderer.colour.palette import colour_of
from renderer.geometry.crop import Crop
from renderer.truth.kind import Record

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Box = tuple[int, int, int, int]

_TINT = 0.35


@dataclass
class Canvas:
    """A picture to draw on.

    Attributes:
        picture: as it is shown; what is drawn is in it.
        frame_size: (width, height) that labels count their pixels in.
        stroke: the width of a line, in pixels of the picture.

    """

    picture: Image.Image
    frame_size: tuple[int, int]
    stroke: int

    @property
    def scale(self) -> float:
        """Pixels of the picture to one of the frame."""
        return self.picture.width / self.frame_size[0]

    @staticmethod
    def colour(record: Record) -> str:
        """Return the colour of an annotation's category."""
        return colour_of(record["category_id"])

    def cover(self, crop: Crop) -> Mask:
        """Return (h, w) the pixels of the picture that a mask covers, its own left whole."""
        full = crop.full().astype(np.uint8)
        scaled = cv2.resize(full, self.picture.size, interpolation=cv2.INTER_NEAREST)
        return scaled.astype(np.bool_)

    def place(self, box: Sequence[float]) -> Box:
        """Return left, top, right and bottom of a box (x, y, w, h) of the frame in the picture; the
        last two lie just outside.
        """
        x, y, w, h = box
        left, top = round(x * self.scale), round(y * self.scale)
        right, bottom = round((x + w) * self.scale), round((y + h) * self.scale)
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def tint(self, cover: Mask, colour: str) -> None:
        """Tint some pixels (h, w) of the picture, and outline them."""
        drawn, ink = np.array(self.picture), ImageColor.getrgb(colour)[:3]
        drawn[cover] = ((1 - _TINT) * drawn[cover] + _TINT * np.array(ink)).astype(np.uint8)
        side = 2 * self.stroke + 1
        inner = cv2.erode(cover.astype(np.uint8), np.ones((side, side), np.uint8))
        drawn[cover & (inner == 0)] = ink
        self.picture = Image.fromarray(drawn)

    def rectangle(self, box: Sequence[float], colour: str, dashed: bool = False) -> None:
        """Draw the edges of a box (x, y, w, h) of the frame, inside it."""
        pen = ImageDraw.Draw(self.picture)
        left, top, right, bottom = self.place(box)
        if not dashed:
            pen.rectangle((left, top, right - 1, bottom - 1), outline=colour, width=self.stroke)
            return
        for at, end in _dashes(left, right, 4 * self.stroke):
            for y in (top, bottom - self.stroke):
                pen.rectangle((at, y, end - 1, y + self.stroke - 1), fill=colour)
        for at, end in _dashes(top, bottom, 4 * self.stroke):
            for x in (left, right - self.stroke):
                pen.rectangle((x, at, x + self.stroke - 1, end - 1), fill=colour)

    def line(self, start: Sequence[float], end: Sequence[float], colour: str) -> None:
        """Draw a line between two points (x, y) of the frame."""
        points = [(x * self.scale, y * self.scale) for x, y in (start, end)]
        ImageDraw.Draw(self.picture).line(points, fill=colour, width=self.stroke)

    def arrow(self, start: Sequence[float], end: Sequence[float], colour: str) -> None:
        """Draw an arrow between two points (x, y) of the frame."""
        (x0, y0), (x1, y1) = ([round(each * self.scale) for each in at] for at in (start, end))
        ink = ImageColor.getrgb(colour)[:3]
        tip = 10 * self.stroke / max(math.hypot(x1 - x0, y1 - y0), 1)
        drawn = np.array(self.picture)
        cv2.arrowedLine(drawn, (x0, y0), (x1, y1), ink, self.stroke, cv2.LINE_AA, 0, min(tip, 0.5))
        self.picture = Image.fromarray(drawn)

    def write(self, at: Sequence[float], text: str) -> None:
        """Write a few letters of ASCII around a point (x, y) of the frame, white on black."""
        size, font = self.stroke / 3, cv2.FONT_HERSHEY_SIMPLEX
        (width, height), _ = cv2.getTextSize(text, font, size, self.stroke)
        place = round(at[0] * self.scale - width / 2), round(at[1] * self.scale + height / 2)
        drawn = np.array(self.picture)
        for ink, line in (((0, 0, 0), 3 * self.stroke), ((255, 255, 255), self.stroke)):
            cv2.putText(drawn, text, place, font, size, ink, line, cv2.LINE_AA)
        self.picture = Image.fromarray(drawn)

    def blend(self, pixels: Pixels, share: Floats) -> None:
        """Lay a map (height, width, 3) of the frame over the picture, with a share (height, width)
        of it in each pixel.
        """
        size = self.picture.size
        over = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST).astype(np.float32)
        much = cv2.resize(share, size, interpolation=cv2.INTER_NEAREST)[..., None]
        mixed = np.array(self.picture) * (1 - much) + over * much
        self.picture = Image.fromarray(np.rint(mixed).astype(np.uint8))

    def point(self, at: Sequence[float], colour: str, filled: bool) -> None:
        """Draw a point (x, y) of the frame: a disc with a white rim, or a ring about white."""
        pen, x, y = ImageDraw.Draw(self.picture), at[0] * self.scale, at[1] * self.scale
        inks = ("#ffffff", colour) if filled else (colour, "#ffffff")
        for reach, ink in zip((3.25 * self.stroke, 2.25 * self.stroke), inks, strict=True):
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=ink)

    def replace(self, pixels: Pixels) -> None:
        """Show a map (height, width, 3) of the frame in the picture's place."""
        scaled = cv2.resize(pixels, self.picture.size, interpolation=cv2.INTER_NEAREST)
        self.picture = Image.fromarray(scaled)

    def lay_over(self, pixels: Pixels, cover: Mask) -> None:
        """Show a map (height, width, 3) of the frame over the picture where it has something, by
        ``cover`` (height, width).
        """
        size, nearest = self.picture.size, cv2.INTER_NEAREST
        scaled = cv2.resize(pixels, size, interpolation=nearest)
        shown = cv2.resize(cover.astype(np.uint8), size, interpolation=nearest).astype(np.bool_)
        drawn = np.array(self.picture)
        drawn[shown] = scaled[shown]
        self.picture = Image.fromarray(drawn)


def _dashes(start: int, stop: int, length: int) -> Iterator[tuple[int, int]]:
    for at in range(start, stop, 2 * length):
        yield at, min(at + length, stop)
