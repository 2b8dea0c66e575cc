"""An object as if nothing were before it, and how much of that is seen."""

from __future__ import annotations

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind
from renderer.values.bounded import Segmentation, Share, WholeBox


class AmodalFields(Fields):
    """The object as if nothing were before it."""

    visibility: Share = Field(description="Visible pixels / amodal pixels in the frame.")
    truncation: Share = Field(description="The share of the object beyond the frame.")
    amodal_bbox: WholeBox = Field(
        description="Left, top, width and height in pixels; it may reach beyond the frame."
    )
    amodal_segmentation: Segmentation = Field(
        description="The amodal mask as far as it is in the frame, as segmentation is."
    )


class Amodal(LabelKind):
    """The amodal mask and what follows from it."""

    name = "amodal"
    default = True
    needs = ("mask",)
    ObjectFields = AmodalFields
