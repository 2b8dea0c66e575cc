"""What the report's gallery can show of its images: views in the picture's place, layers over it.

Boxes, masks and amodal boxes are vectors in the page. Every other label kind draws itself in
advance: one that writes files is a map and a view; another is a layer, transparent where it draws
nothing.
"""

from __future__ import annotations

import base64
import inspect
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from renderer.dataset.overlay import draw_kind
from renderer.registry import LABEL_KINDS
from renderer.truth.canvas import Canvas
from renderer.truth.kind import LabelKind
from renderer.truth.stored_labels import StoredLabels

if TYPE_CHECKING:
    from renderer.dataset.report.gallery import GalleryImage

_VECTORS = ("box", "mask", "amodal")
# How wide what is drawn in advance is, by how many kinds are at most: the page is to stay small.
_WIDTHS = ((4, 560), (8, 400), (1000, 280))
# The bytes that it has in the page; images for which nothing is left go without.
_MOST_BYTES = 3_000_000


@dataclass(frozen=True)
class Drawn:
    """Label kinds as they draw themselves over one image: data URIs by kind.

    Attributes:
        views: in the picture's place.
        layers: over the picture.

    """

    views: Mapping[str, str] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
    """One thing that can be shown.

    Attributes:
        name: in the page.
        title: on its button.
        hint: what its colours mean; empty where that is plain.
        on: whether it is shown at first.

    """

    name: str
    title: str
    hint: str = ""
    on: bool = False


class DrawnLayers:
    """Draws the label kinds of a dataset over its images, in a bounded number of bytes."""

    def __init__(self, kinds: Iterable[str], most_bytes: int = _MOST_BYTES) -> None:
        """Draw those of some kinds that are installed and draw something.

        Args:
            kinds: the dataset's.
            most_bytes: what all of it may take in the page.

        """
        known = [name for name in kinds if name in LABEL_KINDS.names() and name not in _VECTORS]
        found = {name: LABEL_KINDS.get(name) for name in known}
        self._kinds = {
            name: kind for name, kind in found.items() if type(kind).draw is not LabelKind.draw
        }
        self._width = next(width for most, width in _WIDTHS if len(self._kinds) <= most)
        self._left = most_bytes

    def draw(self, stored: StoredLabels, picture: Image.Image) -> Drawn:
        """Return each kind that has something to show of an image.

        Args:
            stored: the image.
            picture: its picture, in any size.

        Raises:
            DatasetError: its labels cannot be decoded.

        """
        scale = min(self._width / picture.width, 4 * self._width / picture.height)
        # Lines are fine whatever the picture's size; a map has no more than its own pixels.
        large, small = _scaled(picture, scale), _scaled(picture, min(scale, 1.0))
        views, layers = {}, {}
        for name, kind in self._kinds.items():
            if not set(kind.files) <= stored.image["files"].keys():
                continue
            before = small if kind.files else large
            canvas = Canvas(before.copy(), stored.size, 2 if kind.files else 3)
            draw_kind(name, canvas, stored)
            if canvas.picture.tobytes() == before.tobytes():
                continue
            if kind.files:
                views[name] = as_jpeg(canvas.picture)
            else:
                layers[name] = _difference(canvas.picture, before)
        size = sum(map(len, (*views.values(), *layers.values())))
        if size > self._left:
            return Drawn()
        self._left -= size
        return Drawn(views, layers)

    def views(self, gallery: Sequence[GalleryImage]) -> list[Layer]:
        """Return what can be shown in the pictures' place, the pictures first; nothing where there
        is nothing else.
        """
        found = [
            Layer(name, _title(name), _hint(kind))
            for name, kind in self._kinds.items()
            if any(name in image.drawn.views for image in gallery)
        ]
        return [Layer("picture", "Picture", on=True), *found] if found else []

    def over(self, gallery: Sequence[GalleryImage]) -> list[Layer]:
        """Return what can be laid over the pictures."""
        objects = [each for image in gallery for each in image.objects]
        vectors = {
            Layer("box", "Boxes", on=True): any(each.box for each in objects),
            Layer("mask", "Masks"): any(each.path for each in objects),
            Layer("amodal", "Amodal boxes"): any(each.amodal_box for each in objects),
        }
        return [
            *(layer for layer, there in vectors.items() if there),
            *(
                Layer(name, _title(name), _hint(kind))
                for name, kind in self._kinds.items()
                if any(name in image.drawn.layers for image in gallery)
            ),
        ]


def as_jpeg(picture: Image.Image) -> str:
    """Return a picture as a data URI."""
    return _uri(picture, "jpeg", quality=84)


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS) if size != picture.size else picture


def _difference(after: Image.Image, plain: Image.Image) -> str:
    """Return what was drawn over a picture, transparent elsewhere, as a data URI."""
    drawn, before = np.array(after), np.array(plain)
    there = (drawn != before).any(axis=2)
    alpha = np.where(there, 255, 0).astype(np.uint8)
    shown = np.dstack([np.where(there[..., None], drawn, 0), alpha])
    return _uri(Image.fromarray(shown, "RGBA"), "webp", lossless=True, method=4)


def _uri(picture: Image.Image, form: str, **options: object) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, form.upper(), **options)
    return f"data:image/{form};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _title(name: str) -> str:
    words = re.sub(r"([a-z])3d\b", r"\1 3D", name.replace("_", " "))
    return words[:1].upper() + words[1:]


def _hint(kind: LabelKind) -> str:
    """Return what a kind says of how it is drawn: the first paragraph of its method's docstring."""
    told = inspect.getdoc(type(kind).draw) or ""
    return " ".join(told.split("\n\n")[0].split())
