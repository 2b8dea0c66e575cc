"""The box around what is seen of an object."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind

Pixel = Annotated[int, Field(ge=0)]


class BoxFields(Fields):
    """``bbox`` is tight on the visible pixels' edges, and ``area`` counts those pixels."""

    bbox: tuple[Pixel, Pixel, Pixel, Pixel]
    area: Pixel


class Box(LabelKind):
    """COCO's box."""

    name = "box"
    default = True
    ObjectFields = BoxFields
