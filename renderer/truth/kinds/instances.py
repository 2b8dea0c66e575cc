"""A map of which object each pixel belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from renderer.truth.kind import LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth


class Instances(LabelKind):
    """A 16-bit PNG of the annotations' `instance` numbers, 0 for what has no annotation."""

    name = "instances"
    files = ("instances",)

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the map."""
        import numpy as np

        from renderer.truth.pixel_maps import paint
        from renderer.truth.raster import encode_flat_png

        numbers = {entry.instance: entry.instance for entry in truth.labelled}
        content = encode_flat_png(paint(truth.index, numbers, 0, np.uint16))
        return Labels(files={"instances": LabelFile("png", content)})

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the masks, and where there are none with the scene."""
        from renderer.truth.differences import content_of
        from renderer.truth.pixel_maps import map_problems
        from renderer.truth.raster import decode_png

        content = content_of(stored, "instances")
        if content is None:
            return
        try:
            found = decode_png(content, stored.size)
        except ValueError as error:
            yield None, f"its instances file is wrong: {error}"
            return
        if found.ndim != 2:
            yield None, "its instances file is wrong: it has three channels, and should have one"
            return
        numbers = {record["instance"]: record["instance"] for record in stored.annotations}
        for said in map_problems(found, numbers, 0, 0, stored, truth):
            yield None, f"its instances file is wrong: {said}"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show a colour for each object."""
        from renderer.truth.pixel_maps import show
        from renderer.truth.raster import decode_png

        show(canvas, decode_png(stored.read("instances"), stored.size))
