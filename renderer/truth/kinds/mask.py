"""The visible mask of an object."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from renderer.truth.kind import Fields, LabelKind
from renderer.values.bounded import Segmentation


class MaskConfig(BaseModel):
    """How masks are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    segmentation: Literal["rle", "polygon"] = "rle"


class MaskFields(Fields):
    """What is seen of the object, pixel by pixel."""

    segmentation: Segmentation = Field(
        description="COCO's compressed run lengths, or polygons, of the visible pixels."
    )


class Mask(LabelKind):
    """COCO's segmentation."""

    name = "mask"
    default = True
    Config = MaskConfig
    ObjectFields = MaskFields
