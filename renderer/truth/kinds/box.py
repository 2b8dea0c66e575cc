"""The box around what is seen of an object."""

from __future__ import annotations

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind
from renderer.values.bounded import Count, PixelBox


class BoxFields(Fields):
    """What is seen of the object, as a box."""

    bbox: PixelBox = Field(
        description="Left, top, width and height in pixels, tight on the edges of visible pixels."
    )
    area: Count = Field(description="How many pixels are visible.")


class Box(LabelKind):
    """COCO's box."""

    name = "box"
    default = True
    ObjectFields = BoxFields
