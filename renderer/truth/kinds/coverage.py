"""Soft mattes: how much of each pixel an object covers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from renderer.truth.kind import LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

    Bytes = npt.NDArray[np.uint8]


class Coverage(LabelKind):
    """A TIFF of a page for each annotation, in their order: 255 where its visible surface covers
    all of a pixel; one page of 0 for an image without annotations.
    """

    name = "coverage"
    files = ("coverage",)

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the mattes."""
        from renderer.truth.mattes import mattes
        from renderer.truth.raster import encode_pages

        content = encode_pages(mattes(truth) or [_blank(truth.camera.resolution)])
        hard = [e.category for e in truth.labelled if not truth.casting.follows(e)]
        return Labels(
            files={"coverage": LabelFile("tiff", content)},
            warnings=[
                f"coverage of {name} is its mask, 0 or 255: rays cannot follow its opacity"
                for name in dict.fromkeys(hard)
            ],
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the masks: all within them, nothing beyond, and no pixel covered more than
        once; and with the scene, where rays on an outline may round.
        """
        from renderer.truth.differences import content_of

        content = content_of(stored, "coverage")
        if content is None:
            return
        try:
            pages = _decode(content, stored)
        except ValueError as error:
            yield None, f"its coverage file is wrong: {error}"
            return
        if _most(pages) > 255:
            yield None, f"its coverage file covers a pixel more than whole: {_most(pages)} of 255"
        if not stored.annotations:
            if pages[0].any():
                yield None, "its coverage file covers pixels, and it has no annotation"
            return
        problems = list(_mask_problems(pages, stored)) if stored.masked else []
        if not problems and truth is not None and stored.agrees and stored.complete:
            problems = list(_scene_problems(pages, stored, truth))
        yield from problems

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show each object in its colour on black, as much of it as covers a pixel."""
        import numpy as np
        from PIL import ImageColor

        from renderer.colour.palette import colour_of

        width, height = stored.size
        shown = np.zeros((height, width, 3), np.float32)
        pages = _decode(stored.read("coverage"), stored)[: len(stored.annotations)]
        for record, page in zip(stored.annotations, pages, strict=True):
            ink = np.array(ImageColor.getrgb(colour_of(record["instance"]))[:3], np.float32)
            shown += page[..., None] / np.float32(255) * ink
        canvas.replace(np.rint(shown).clip(0, 255).astype(np.uint8))


def _blank(size: tuple[int, int]) -> Bytes:
    import numpy as np

    return np.zeros((size[1], size[0]), np.uint8)


def _decode(content: bytes, stored: StoredLabels) -> list[Bytes]:
    from renderer.truth.raster import decode_pages

    return decode_pages(content, stored.size, max(1, len(stored.annotations)))


def _most(pages: list[Bytes]) -> int:
    """Return the largest sum of a pixel over all pages."""
    import numpy as np

    total = np.zeros(pages[0].shape, np.int32)
    for page in pages:
        total += page
    return int(total.max(initial=0))


def _mask_problems(pages: list[Bytes], stored: StoredLabels) -> Iterator[Problem]:
    """Tell of pixels within a mask that are not covered whole, and of such that are covered beyond
    its outline.
    """
    import cv2
    import numpy as np

    from renderer.truth.mattes import outline_pixels

    inner = ~outline_pixels(stored.index)
    square = np.ones((3, 3), np.uint8)
    for record, page in zip(stored.annotations, pages, strict=True):
        mine = stored.index == record["instance"]
        around = cv2.dilate(mine.astype(np.uint8), square) > 0
        wrong = int(((mine & inner & (page != 255)) | (~around & (page != 0))).sum())
        if wrong:
            yield record, f"{wrong} pixels of its coverage disagree with its mask"


def _scene_problems(
    pages: list[Bytes], stored: StoredLabels, truth: ViewTruth
) -> Iterator[Problem]:
    """Tell of pixels that are covered otherwise than the scene says."""
    import numpy as np

    from renderer.truth.mattes import POINTS, mattes
    from renderer.truth.outline_check import few

    seen = stored.seen(truth)
    numbers = [entry.instance for entry in seen.labelled]
    made = dict(zip(numbers, mattes(seen), strict=True))
    known = ~stored.unclear(truth)
    for record, page in zip(stored.annotations, pages, strict=True):
        if record["instance"] not in made:
            continue
        scene = made[record["instance"]]
        off = np.abs(page.astype(np.int32) - scene) * known
        # A straight outline may run through a row of points: by rounding, on either side.
        wrong = int((off > 255 * 8 / POINTS).sum())
        several = int((off > 255 * 1.5 / POINTS).sum())
        if wrong or several > few(int((scene > 0).sum())):
            yield record, f"{max(wrong, several)} pixels of its coverage disagree with its scene"
