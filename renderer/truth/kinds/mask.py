"""The visible mask of an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from renderer.truth.kind import Config, Fields, LabelKind, Labels, Problem
from renderer.values.bounded import Segmentation

if TYPE_CHECKING:
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth


class MaskConfig(Config):
    """How masks are written."""

    segmentation: Literal["rle", "polygon"] = Field(
        "rle", description="Compressed COCO run lengths, or polygons along the pixels' edges."
    )


class MaskFields(Fields):
    """What is seen of the object, pixel by pixel."""

    segmentation: Segmentation = Field(
        description="COCO's compressed run lengths, or polygons, of the visible pixels; of an "
        "object that is ignored always run lengths."
    )


class Mask(LabelKind):
    """COCO's segmentation."""

    name = "mask"
    default = True
    Config = MaskConfig
    ObjectFields = MaskFields

    def make(self, truth: ViewTruth, config: MaskConfig) -> Labels:
        """Return the visible masks."""
        from renderer.truth.outline_check import segmentation

        return Labels(
            {
                entry.instance: MaskFields(
                    segmentation=segmentation(
                        truth.visible(entry),
                        # Readers of COCO take polygons of a crowd for damage.
                        "rle" if entry.instance in truth.ignored else config.segmentation,
                    )
                )
                for entry in truth.labelled
            }
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: MaskConfig
    ) -> Iterator[Problem]:
        """Decode them, look for pixels that two have, and compare all with the scene."""
        import numpy as np

        from renderer.truth.outline_check import few, wrong_pixels
        from renderer.truth.stored_labels import MaskError

        width, height = stored.size
        taken = np.zeros((height, width), np.bool_)
        for record in stored.annotations:
            try:
                mask = stored.mask(record)
            except MaskError as error:
                yield record, error.problem
                continue
            if not mask.area:
                yield record, "its mask is empty"
            if (taken[mask.part] & mask.mask).any():
                yield record, "its mask overlaps another object's"
            taken[mask.part] |= mask.mask
        if truth is None or not stored.complete:
            return
        wrong = wrong_pixels(truth.casting, truth.index, stored.index, stored.unmasked)
        if wrong > few(int((stored.index > 0).sum())):
            stored.agrees = False
            yield None, f"{wrong} mask pixels disagree with the scene of its shot"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Tint the pixels, and draw their outline."""
        for record in stored.annotations:
            canvas.tint(canvas.cover(stored.mask(record)), canvas.colour(record))
