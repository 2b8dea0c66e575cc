"""Segments as COCO's panoptic task has them: a map of ids, and what each id is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from renderer.truth.kind import Config, Fields, LabelFile, LabelKind, Labels, Problem
from renderer.values.bounded import Count, PixelBox, Whole

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.recipe.model import Recipe
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

    Ids = npt.NDArray[np.int32]

# The id of the background's segment: beyond all instance numbers.
BACKGROUND = 65536


class PanopticConfig(Config):
    """What the background is."""

    background: str | None = Field(
        None,
        min_length=1,
        description="The name of a category of stuff that all pixels without an object are of; "
        "without it they are void. Its id is one more than there are categories.",
    )


class SegmentRecord(TypedDict):
    """One segment of an image."""

    id: Annotated[Whole, Field(description="As the map has it: R + 256 G + 65536 B.")]
    category_id: Annotated[Whole, Field(description="The id of its category.")]
    instance: Annotated[Count, Field(description="The object's number; 0 for the background.")]
    area: Annotated[Count, Field(description="How many pixels it has.")]
    bbox: Annotated[PixelBox, Field(description="Left, top, width and height, tight.")]
    iscrowd: Annotated[Count, Field(description="1 for an object that is to be ignored.")]


class PanopticFields(Fields):
    """The segments of the image."""

    segments_info: tuple[SegmentRecord, ...] = Field(
        description="Each segment: those of objects in their order, the background last."
    )


class Panoptic(LabelKind):
    """COCO's panoptic segments: an RGB PNG of ids, R + 256 G + 65536 B, 0 for void."""

    name = "panoptic"
    Config = PanopticConfig
    ImageFields = PanopticFields
    files = ("panoptic",)

    def refusal(self, config: PanopticConfig, recipe: Recipe) -> str:
        """Refuse a background that has the name of a category of objects."""
        if config.background in recipe.categories:
            return (
                f"panoptic.background: {config.background} is a category of objects: choose "
                "another name"
            )
        return super().refusal(config, recipe)

    def make(self, truth: ViewTruth, config: PanopticConfig) -> Labels:
        """Return the map and its segments."""
        import numpy as np

        from renderer.truth.pixel_maps import paint

        numbers = {entry.instance: entry.instance for entry in truth.labelled}
        values = {**numbers, **dict.fromkeys(truth.dropped, 0)}
        elsewhere = 0 if config.background is None else BACKGROUND
        ids = paint(truth.index, values, elsewhere, np.int32)
        segments = [
            SegmentRecord(
                id=entry.instance,
                category_id=truth.category_id(entry),
                instance=entry.instance,
                area=truth.visible(entry).area,
                bbox=truth.visible(entry).box,
                iscrowd=int(entry.instance in truth.ignored),
            )
            for entry in truth.labelled
        ]
        if config.background is not None and (ids == BACKGROUND).any():
            segments.append(_background(ids, len(truth.categories) + 1))
        file = LabelFile("png", _encode(ids))
        return Labels(image=PanopticFields(segments_info=tuple(segments)), files={self.name: file})

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: PanopticConfig
    ) -> Iterator[Problem]:
        """Compare segments and map both ways, the segments with the annotations, and the map with
        the masks, or where there are none with the scene.
        """
        from renderer.truth.differences import content_of
        from renderer.truth.pixel_maps import map_problems

        content = content_of(stored, "panoptic")
        if content is None:
            return
        try:
            ids = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its panoptic file is wrong: {error}"
            return
        segments = list(stored.image["segments_info"])
        problems = [*_segment_problems(segments, ids), *_object_problems(segments, stored, config)]
        if not problems:
            numbers = {record["instance"]: record["instance"] for record in stored.annotations}
            elsewhere = 0 if config.background is None else BACKGROUND
            said = map_problems(ids, numbers, elsewhere, 0, stored, truth)
            problems = [f"its panoptic file is wrong: {each}" for each in said]
        yield from ((None, problem) for problem in problems)

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show each segment in a colour of its own, void striped."""
        import numpy as np

        from renderer.truth.pixel_maps import show

        ids = _decode(stored.read("panoptic"), stored.size)
        # The background in the grey of no segment.
        void = int(ids.max(initial=0)) + 1
        show(canvas, np.where(ids == 0, void, np.where(ids == BACKGROUND, 0, ids)), void)


def _background(ids: Ids, category: int) -> SegmentRecord:
    from renderer.geometry.crop import Crop

    crop = Crop.whole(ids == BACKGROUND)
    return SegmentRecord(
        id=BACKGROUND, category_id=category, instance=0, area=crop.area, bbox=crop.box, iscrowd=0
    )


def _segment_problems(segments: list[Any], ids: Ids) -> Iterator[str]:
    """Compare segments and map: every id of one is in the other, with its area and box."""
    import numpy as np
    from scipy import ndimage

    there, which, areas = np.unique(ids, return_inverse=True, return_counts=True)
    places = ndimage.find_objects(which.reshape(ids.shape).astype(np.int32) + 1)
    found = {}
    for number, area, place in zip(there.tolist(), areas.tolist(), places, strict=True):
        rows, columns = place
        box = columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start
        found[number] = area, box
    found.pop(0, None)
    told = [segment["id"] for segment in segments]
    if len(set(told)) < len(told):
        yield "two of its segments_info have one id"
    for number in sorted(found.keys() - set(told)):
        yield f"its panoptic file has the id {number}, and its segments_info has not"
    for segment in segments:
        number = segment["id"]
        if number not in found:
            yield f"its segments_info has the id {number}, and its panoptic file has not"
        elif (segment["area"], tuple(segment["bbox"])) != found[number]:
            yield f"segment {number} has another area or bbox than in its panoptic file"


def _object_problems(
    segments: list[Any], stored: StoredLabels, config: PanopticConfig
) -> Iterator[str]:
    """Compare segments and annotations: each annotation has a segment, and each segment but the
    background's an annotation.
    """
    keys = ("category_id", "instance", "iscrowd")
    things = {segment["instance"]: segment for segment in segments if segment["instance"]}
    for record in stored.annotations:
        segment = things.pop(record["instance"], None)
        if segment is None:
            yield f"its segments_info lacks instance {record['instance']}"
        elif differing := [key for key in keys if segment[key] != record[key]]:
            yield f"segment {segment['id']} has another {differing[0]} than its annotation"
    for instance in things:
        yield f"its segments_info has instance {instance}, which has no annotation"
    stuff = [segment for segment in segments if not segment["instance"]]
    if stuff and config.background is None:
        yield "its segments_info has a background, and its labels have none"


def _encode(ids: Ids) -> bytes:
    import numpy as np

    from renderer.truth.raster import encode_flat_png

    return encode_flat_png(np.dstack([ids >> shift & 255 for shift in (0, 8, 16)]).astype(np.uint8))


def _decode(content: bytes, size: tuple[int, int]) -> Ids:
    """Return the ids (h, w) of a file.

    Raises:
        ValueError: it is none.

    """
    import numpy as np

    from renderer.errors import UserError
    from renderer.truth.raster import decode_png

    found = decode_png(content, size, bits=8)
    if found.ndim != 3:
        raise UserError("it has one channel, and should have three")
    return np.asarray(found.astype(np.int32) @ np.array([1, 256, 65536], np.int32), np.int32)
