"""Sample images of the report: small JPEGs inside the page, with outlines to lay over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from renderer.colour.palette import colour_of
from renderer.dataset.layout import Layout
from renderer.dataset.overlay import stored_image
from renderer.dataset.picture import open_picture
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.dataset.report.layers import Drawn, DrawnLayers, as_jpeg
from renderer.truth.stored_labels import StoredLabels

_WIDTH, _HEIGHT = 560, 840


@dataclass(frozen=True)
class GalleryObject:
    """One object on an image of the gallery: all numbers in pixels of the original image; None and
    an empty path where the dataset does not have it.
    """

    name: str
    colour: str
    box: tuple[float, float, float, float] | None
    amodal_box: tuple[float, float, float, float] | None
    path: str
    visibility: float | None


@dataclass(frozen=True)
class GalleryImage:
    """One image of the gallery; ``source`` is a data URI, ``drawn`` what label kinds draw."""

    file_name: str
    width: int
    height: int
    source: str
    azimuth: float
    elevation: float
    objects: tuple[GalleryObject, ...]
    drawn: Drawn


def gallery_image(
    layout: Layout,
    image: ImageRecord,
    annotations: Sequence[AnnotationRecord],
    names: dict[int, str],
    layers: DrawnLayers,
) -> GalleryImage:
    """Return the gallery entry of an image."""
    small, stored = open_picture(layout, image), stored_image(layout, image, annotations)
    small.thumbnail((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS)
    return GalleryImage(
        file_name=image["file_name"],
        width=image["width"],
        height=image["height"],
        source=as_jpeg(small),
        azimuth=image["azimuth_deg"],
        elevation=image["elevation_deg"],
        objects=tuple(
            GalleryObject(
                name=names[record["category_id"]],
                colour=colour_of(record["category_id"]),
                box=tuple(record["bbox"]) if "bbox" in record else None,
                amodal_box=tuple(record["amodal_bbox"]) if "amodal_bbox" in record else None,
                path=_outline(stored, record) if "segmentation" in record else "",
                visibility=record.get("visibility"),
            )
            for record in annotations
        ),
        drawn=layers.draw(stored, small),
    )


def _outline(stored: StoredLabels, record: AnnotationRecord) -> str:
    """Return an SVG path of a mask, smoothed for show by less than a pixel of the gallery's."""
    mask, step = stored.mask(record).full(), 0.8 * max(1.0, stored.size[0] / _WIDTH)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parts = []
    for contour in contours:
        smooth = cv2.approxPolyDP(contour, step, True)[:, 0] + 0.5
        if len(smooth) > 2:
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in smooth) + "Z")
    return "".join(parts)
