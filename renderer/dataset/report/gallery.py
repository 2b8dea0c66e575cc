"""Sample images of the report: small JPEGs inside the page, with outlines to lay over them."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from renderer.colour.palette import colour_of
from renderer.dataset.layout import Layout
from renderer.dataset.picture import open_picture
from renderer.dataset.records import ImageRecord
from renderer.dataset.segmentation import mask_of
from renderer.dataset.stored import Stored

_WIDTH = 560


@dataclass(frozen=True)
class Drawn:
    """One object on a sample: all numbers in pixels of the original image."""

    name: str
    colour: str
    box: tuple[float, float, float, float]
    amodal_box: tuple[float, float, float, float]
    path: str
    visibility: float


@dataclass(frozen=True)
class Sample:
    """One image of the gallery; ``source`` is a data URI."""

    file_name: str
    width: int
    height: int
    source: str
    azimuth: float
    elevation: float
    objects: tuple[Drawn, ...]


def sample(
    layout: Layout, image: ImageRecord, annotations: Sequence[Stored], names: dict[int, str]
) -> Sample:
    """Return the gallery entry of an image."""
    small = open_picture(layout, image)
    small.thumbnail((_WIDTH, _WIDTH * 4), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=84)
    return Sample(
        file_name=image["file_name"],
        width=image["width"],
        height=image["height"],
        source="data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode(),
        azimuth=image["azimuth_deg"],
        elevation=image["elevation_deg"],
        objects=tuple(
            Drawn(
                name=names[record["category_id"]],
                colour=colour_of(record["category_id"]),
                box=tuple(record["bbox"]),
                amodal_box=tuple(record["amodal_bbox"]),
                path=_outline(record, image),
                visibility=record["visibility"],
            )
            for record in annotations
        ),
    )


def _outline(record: Stored, image: ImageRecord) -> str:
    """Return an SVG path of a mask, smoothed for show by less than a pixel."""
    mask = mask_of(record, image["height"], image["width"])
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parts = []
    for contour in contours:
        smooth = cv2.approxPolyDP(contour, 0.8, True)[:, 0] + 0.5
        if len(smooth) > 2:
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in smooth) + "Z")
    return "".join(parts)
