"""An object as if nothing were before it, and how much of that is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from renderer.truth.kind import Config, Fields, LabelKind, Labels, Problem, Record
from renderer.values.bounded import Segmentation, Share, WholeBox

if TYPE_CHECKING:
    from renderer.geometry.crop import Crop
    from renderer.shot.scene import Instance
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth
    from renderer.truth.whole import Whole

# Shares are written to 6 digits.
_ROUNDING = 1e-6


class AmodalConfig(Config):
    """How amodal masks are written."""

    segmentation: Literal["rle", "polygon"] = Field(
        "rle", description="Compressed COCO run lengths, or polygons along the pixels' edges."
    )


class AmodalFields(Fields):
    """The object as if nothing were before it."""

    visibility: Share = Field(description="Visible pixels / amodal pixels in the frame.")
    visib_fract: Share = Field(
        description="BOP's: visible pixels / all pixels of the object, those beyond the frame too."
    )
    truncation: Share = Field(description="The share of the object beyond the frame.")
    amodal_bbox: WholeBox = Field(
        description="Left, top, width and height in pixels; it may reach beyond the frame."
    )
    amodal_segmentation: Segmentation = Field(
        description="The amodal mask as far as it is in the frame, as segmentation is."
    )


class Amodal(LabelKind):
    """The amodal mask and what follows from it."""

    name = "amodal"
    default = True
    needs = ("mask",)
    Config = AmodalConfig
    ObjectFields = AmodalFields

    def make(self, truth: ViewTruth, config: AmodalConfig) -> Labels:
        """Return the amodal masks, boxes and shares."""
        from renderer.truth.outline_check import segmentation

        found = {}
        for entry in truth.labelled:
            whole = truth.whole(entry)
            found[entry.instance] = AmodalFields(
                visibility=round(whole.visibility, 6),
                visib_fract=round(whole.visib_fract, 6),
                truncation=round(whole.truncation, 6),
                amodal_bbox=whole.box,
                amodal_segmentation=segmentation(whole.crop, config.segmentation),
            )
        return Labels(found)

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: AmodalConfig
    ) -> Iterator[Problem]:
        """Compare with the masks, and where those are right with the scene."""
        from renderer.truth.stored_labels import MaskError

        for record in stored.annotations:
            try:
                visible = stored.mask(record)
                whole = stored.mask(record, "amodal_segmentation")
            except MaskError as error:
                if record["id"] not in stored.wrong:  # else it is the visible one
                    yield record, error.problem
                continue
            if not visible.area:
                continue
            problems = list(_own_problems(record, visible, whole))
            yield from ((record, problem) for problem in problems)
            entry = stored.entry(record)
            if problems or record["id"] in stored.wrong:
                continue
            if entry and truth and stored.agrees and stored.complete:
                scene = truth.seen(stored.index, {}).whole(entry)
                problems = list(_scene_problems(record, whole, scene, truth, entry))
            # What it follows from is right, or has been told.
            problems = problems or list(_share_problems(record))
            yield from ((record, problem) for problem in problems)

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Draw the edges of the amodal box, dashed."""
        for record in stored.annotations:
            canvas.rectangle(record["amodal_bbox"], canvas.colour(record), dashed=True)


def _own_problems(record: Record, visible: Crop, whole: Crop) -> Iterator[str]:
    """Compare an annotation with its masks: as much as can be told without the models."""
    lacking = bool(whole.lacks(visible).area)
    if lacking:
        yield "its amodal mask lacks visible pixels"
    visibility = visible.area / max(whole.area, 1)
    if abs(visibility - record["visibility"]) > _ROUNDING:
        yield f"visibility is {record['visibility']}, its masks say {visibility:.6f}"
    if not lacking:
        yield from _beyond_problems(record, whole)


def _share_problems(record: Record) -> Iterator[str]:
    """Compare the share of all of it that is visible with the two shares that make it."""
    of_all = record["visibility"] * (1 - record["truncation"])
    if abs(record["visib_fract"] - of_all) > 2 * _ROUNDING:
        yield (
            f"visib_fract is {record['visib_fract']}, its visibility and truncation say "
            f"{of_all:.6f}"
        )


def _beyond_problems(record: Record, whole: Crop) -> Iterator[str]:
    """Compare the amodal box with that of the amodal mask, which ends at the frame, and truncation
    with both.
    """
    (width, height), (left, top, wide, high) = whole.frame_size, whole.box
    x, y, w, h = found = list(record["amodal_bbox"])
    if x >= 0 and y >= 0 and x + w <= width and y + h <= height:
        if (x, y, w, h) != whole.box:
            yield f"amodal_bbox is {found}, its amodal mask's is {list(whole.box)}"
        elif record["truncation"] != 0:
            yield f"truncation is {record['truncation']}, its amodal_bbox is all in the frame"
    elif x > left or y > top or x + w < left + wide or y + h < top + high:
        yield f"amodal_bbox is {found}, and does not hold all of its amodal mask"
    elif not 1 / (whole.area + 1) - _ROUNDING <= record["truncation"] < 1:
        yield f"truncation is {record['truncation']}, its amodal_bbox reaches beyond the frame"


def _scene_problems(
    record: Record, found: Crop, scene: Whole, truth: ViewTruth, entry: Instance
) -> Iterator[str]:
    """Compare what is hidden or beyond the frame with the scene."""
    from renderer.truth.outline_check import edges_apart, few, wrong_outline

    exact = truth.casting.follows(entry)
    wrong = wrong_outline(truth.casting, entry, found, scene.crop, exact)
    if wrong > few(scene.crop.area):
        yield f"{wrong} pixels of its amodal mask disagree with the scene of its shot"
    # Outwards, and where all of the outline is known inwards, too. Rounding on an outline may move
    # an edge to the next pixel.
    apart = edges_apart(scene.box, record["amodal_bbox"], outwards=not exact)
    if apart > max(1, max(scene.box[2:]) / 1000):
        yield f"amodal_bbox is {list(record['amodal_bbox'])}, its scene's is {list(scene.box)}"
    pixels = scene.crop.area / (1 - scene.truncation)
    if exact and abs(record["truncation"] - scene.truncation) * pixels > few(pixels):
        yield f"truncation is {record['truncation']}, its scene's is {scene.truncation:.6f}"
