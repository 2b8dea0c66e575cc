"""The visible mask of an object."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from renderer.truth.kind import Fields, LabelKind


class MaskConfig(BaseModel):
    """How masks are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segmentation: Literal["rle", "polygon"] = "rle"


class MaskFields(Fields):
    """``segmentation`` is COCO's: compressed run lengths or polygons of the visible pixels."""

    segmentation: Any


class Mask(LabelKind):
    """COCO's segmentation."""

    name = "mask"
    default = True
    Config = MaskConfig
    ObjectFields = MaskFields
