"""The box around what is seen of an object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind, Labels, Problem
from renderer.values.bounded import Count, PixelBox

if TYPE_CHECKING:
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth


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

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the boxes."""
        found = {}
        for entry in truth.labelled:
            visible = truth.visible(entry)
            found[entry.instance] = BoxFields(bbox=visible.box, area=visible.area)
        return Labels(found)

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the masks; without them with the scene, where an outline may round."""
        from renderer.truth.outline_check import edges_apart, few
        from renderer.truth.stored_labels import MaskError

        for record in stored.annotations:
            entry = stored.entry(record)
            if "segmentation" in record:
                try:
                    mask = stored.mask(record)
                except MaskError:  # told by its own kind
                    continue
                if not mask.area:
                    continue
                if mask.area != record["area"]:
                    yield record, f"area is {record['area']}, its mask has {mask.area} pixels"
                if list(mask.box) != list(record["bbox"]):
                    yield record, f"bbox is {list(record['bbox'])}, its mask's is {list(mask.box)}"
            elif truth is not None and entry is not None and truth.exact(entry):
                visible = truth.visible(entry)
                if edges_apart(record["bbox"], visible.box) > 1:
                    yield (
                        record,
                        f"bbox is {list(record['bbox'])}, its scene's is {list(visible.box)}",
                    )
                elif abs(record["area"] - visible.area) > few(visible.area):
                    yield record, f"area is {record['area']}, its scene's is {visible.area}"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Draw the edges."""
        for record in stored.annotations:
            canvas.rectangle(record["bbox"], canvas.colour(record))
