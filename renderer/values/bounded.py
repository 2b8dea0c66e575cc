"""Values that come from a file of anybody's: bounded, so that whatever computes with them can.

Beyond these bounds neither pixels nor ids nor metres make sense, and some libraries crash.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

LARGEST_SIDE = 8192  # as in a recipe
_LARGEST = 1e15
_LARGEST_WHOLE = 2**63  # as in a recipe: the seed

Number = Annotated[float, Field(gt=-_LARGEST, lt=_LARGEST, allow_inf_nan=False)]
Whole = Annotated[int, Field(gt=-_LARGEST_WHOLE, lt=_LARGEST_WHOLE)]
Count = Annotated[int, Field(ge=0, lt=_LARGEST_WHOLE)]
Share = Annotated[float, Field(ge=0, le=1)]
Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]

Vector3 = tuple[Number, Number, Number]
Vector4 = tuple[Number, Number, Number, Number]
Matrix3x3 = tuple[Vector3, Vector3, Vector3]
Matrix4x4 = tuple[Vector4, Vector4, Vector4, Vector4]

PixelBox = tuple[Count, Count, Count, Count]
"""Left, top, width and height in whole pixels, in the frame."""
WholeBox = tuple[Whole, Whole, Whole, Whole]
"""Left, top, width and height in whole pixels; it may reach beyond the frame."""


class Rle(TypedDict):
    """A mask as COCO's compressed run lengths; ``size`` is [height, width]."""

    size: Annotated[list[Count], Field(min_length=2, max_length=2)]
    counts: str


def _even(ring: list[float]) -> list[float]:
    if len(ring) % 2:
        raise PydanticCustomError("odd", "Input should be pairs of x and y")
    return ring


Ring = Annotated[
    list[Annotated[float, Field(ge=0, le=LARGEST_SIDE)]],
    Field(min_length=6),
    AfterValidator(_even),
]
"""A polygon's corners: x, y, x, y, ... in pixels."""


def _form(value: Any) -> str:
    return "RLE" if isinstance(value, dict) else "polygons"


Segmentation = Annotated[
    Annotated[Rle, Tag("RLE")] | Annotated[list[Ring], Tag("polygons")], Discriminator(_form)
]
"""A mask in one of COCO's two forms."""
