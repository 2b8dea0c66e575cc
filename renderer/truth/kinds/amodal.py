"""An object as if nothing were before it, and how much of that is seen."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind

Share = Annotated[float, Field(ge=0, le=1)]


class AmodalFields(Fields):
    """``visibility`` is visible / amodal pixels in the frame, ``truncation`` the share of the
    object beyond the frame; ``amodal_bbox`` may reach beyond it, ``amodal_segmentation`` does not.
    """

    visibility: Share
    truncation: Share
    amodal_bbox: tuple[int, int, int, int]
    amodal_segmentation: Any


class Amodal(LabelKind):
    """The amodal mask and what follows from it."""

    name = "amodal"
    default = True
    needs = ("mask",)
    ObjectFields = AmodalFields
