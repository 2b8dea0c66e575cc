"""A map of the category that each pixel is of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from renderer.errors import UserError
from renderer.truth.kind import LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

# So many categories an 8-bit file can tell, beside the background and void.
_MOST_IN_8_BITS = 254
_VOID = {8: 255, 16: 65535}


class Semantic(LabelKind):
    """A PNG of category ids, 0 for the background; objects that are dropped are void: 255 in a file
    of 8 bits, which it is up to 254 categories, else 65535.
    """

    name = "semantic"
    files = ("semantic",)

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the map."""
        import numpy as np

        from renderer.truth.pixel_maps import paint
        from renderer.truth.raster import encode_flat_png

        bits = _bits(len(truth.categories))
        ids = {entry.instance: truth.category_id(entry) for entry in truth.labelled}
        values = {**ids, **dict.fromkeys(truth.dropped, _VOID[bits])}
        painted = paint(truth.index, values, 0, np.uint8 if bits == 8 else np.uint16)
        return Labels(files={"semantic": LabelFile("png", encode_flat_png(painted))})

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with masks and categories of the annotations, and where there are no masks with
        the scene.
        """
        from renderer.truth.differences import content_of
        from renderer.truth.pixel_maps import map_problems

        content = content_of(stored, "semantic")
        if content is None:
            return
        try:
            found, bits = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its semantic file is wrong: {error}"
            return
        if truth is not None and bits != _bits(len(truth.categories)):
            yield None, f"its semantic file is wrong: {bits} bits a value are not those of its kind"
            return
        ids = {record["instance"]: record["category_id"] for record in stored.annotations}
        if any(not 0 <= number <= _VOID[bits] for number in ids.values()):
            return  # told where the categories are looked up
        for said in map_problems(found, ids, 0, _VOID[bits], stored, truth):
            yield None, f"its semantic file is wrong: {said}"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show the colour of each category, and void striped."""
        from renderer.truth.pixel_maps import show

        found, bits = _decode(stored.read("semantic"), stored.size)
        show(canvas, found, _VOID[bits])


def _bits(categories: int) -> int:
    """Return how many bits a value has in a dataset of so many categories."""
    return 8 if categories <= _MOST_IN_8_BITS else 16


def _decode(content: bytes, size: tuple[int, int]) -> tuple[npt.NDArray[np.uint16], int]:
    """Return the map (h, w) of a file, and its bits a value.

    Raises:
        ValueError: it is none.

    """
    from renderer.truth.raster import decode_png

    bits = 8 if content[24:25] == b"\x08" else 16
    found = decode_png(content, size, bits)
    if found.ndim != 2:
        raise UserError("it has three channels, and should have one")
    return found, bits
