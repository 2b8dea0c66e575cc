"""Sample images of the report: small JPEGs inside the page, with outlines to lay over them."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from renderer.colour.palette import colour_of
from renderer.dataset.layout import Layout
from renderer.dataset.overlay import draw_kind, stored_image
from renderer.dataset.picture import open_picture
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Canvas
from renderer.truth.stored_labels import StoredLabels

_WIDTH = 560


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
    """One image of the gallery; ``source`` is a data URI, ``maps`` those of its labels' files as
    they are drawn, by kind.
    """

    file_name: str
    width: int
    height: int
    source: str
    azimuth: float
    elevation: float
    objects: tuple[GalleryObject, ...]
    maps: Mapping[str, str]


def gallery_image(
    layout: Layout,
    image: ImageRecord,
    annotations: Sequence[AnnotationRecord],
    names: dict[int, str],
) -> GalleryImage:
    """Return the gallery entry of an image."""
    small, stored = open_picture(layout, image), stored_image(layout, image, annotations)
    small.thumbnail((_WIDTH, _WIDTH * 4), Image.Resampling.LANCZOS)
    return GalleryImage(
        file_name=image["file_name"],
        width=image["width"],
        height=image["height"],
        source=_data_uri(small),
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
        maps=dict(_maps(stored, small)),
    )


def layers(gallery: Sequence[GalleryImage]) -> dict[str, str]:
    """Return what can be laid over the images, by its name in the page, with its title."""
    objects = [each for image in gallery for each in image.objects]
    found = {
        "boxes": ("Boxes", any(each.box for each in objects)),
        "masks": ("Masks", any(each.path for each in objects)),
        "amodal": ("Amodal boxes", any(each.amodal_box for each in objects)),
    }
    maps = dict.fromkeys(name for image in gallery for name in image.maps)
    shown = {name: title for name, (title, there) in found.items() if there}
    return {**shown, **{f"map-{name}": name.capitalize() for name in maps}}


def _maps(stored: StoredLabels, small: Image.Image) -> Iterator[tuple[str, str]]:
    """Yield each kind that has written files for an image, as it draws them."""
    for name, kind in LABEL_KINDS.all().items():
        if kind.files and set(kind.files) <= stored.image["files"].keys():
            canvas = Canvas(small.copy(), stored.size, 1)
            draw_kind(name, canvas, stored)
            if canvas.picture.tobytes() != small.tobytes():  # some kinds have nothing to show
                yield name, _data_uri(canvas.picture)


def _data_uri(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=84)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _outline(stored: StoredLabels, record: AnnotationRecord) -> str:
    """Return an SVG path of a mask, smoothed for show by less than a pixel."""
    mask = stored.mask(record).full()
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parts = []
    for contour in contours:
        smooth = cv2.approxPolyDP(contour, 0.8, True)[:, 0] + 0.5
        if len(smooth) > 2:
            parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in smooth) + "Z")
    return "".join(parts)
