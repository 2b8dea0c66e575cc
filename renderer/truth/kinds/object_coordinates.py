"""A map of object coordinates: which point of its model each pixel shows (NOCS)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from renderer.errors import UserError
from renderer.truth.kind import Config, Fields, LabelFile, LabelKind, Labels, Problem
from renderer.values.bounded import Vector3

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.asset import AssetFacts
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

    Mask = npt.NDArray[np.bool_]
    Shorts = npt.NDArray[np.uint16]

# A share of 0 is written as 1 and one of 1 as 65535, since 0 is nothing.
_STEPS = 65534
# How far apart two shares are that processors round otherwise.
_APART = 1e-4


class CoordinatesConfig(Config):
    """How object coordinates are written."""

    unit: Literal["diagonal", "sides"] = Field(
        "diagonal",
        description="What is 1 long: the diagonal of the model's box (NOCS's own, which keeps "
        "proportions), or each of its sides for itself.",
    )


class CoordinatesFields(Fields):
    """How shares become the model's coordinates: ``origin + span * share``."""

    coordinates_origin: Vector3 = Field(
        description="The model's coordinates (x, y, z, before scale) where the shares are 0."
    )
    coordinates_span: Vector3 = Field(description="From there to where the shares are 1.")


class ObjectCoordinates(LabelKind):
    """Normalised object coordinates (NOCS): the place on the model that each pixel shows, as shares
    of a cube about the middle of the model's box.
    """

    name = "object_coordinates"
    files = ("object_coordinates",)
    Config, ObjectFields = CoordinatesConfig, CoordinatesFields

    def make(self, truth: ViewTruth, config: CoordinatesConfig) -> Labels:
        """Return the map: of objects with a label, 0 elsewhere."""
        from renderer.truth.raster import encode_png

        facts = truth.casting.cache.facts
        return Labels(
            objects={entry.instance: _cube(facts(entry.asset), config) for entry in truth.labelled},
            files={"object_coordinates": LabelFile("png", encode_png(_steps(truth, config)))},
            warnings=truth.warnings("object coordinates"),
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: CoordinatesConfig
    ) -> Iterator[Problem]:
        """Decode the map and compare it with the scene; a pixel on an edge may round to either
        side.
        """
        from renderer.truth.differences import content_of, field_differences

        content = content_of(stored, "object_coordinates")
        if content is None:
            return
        try:
            found = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its object_coordinates file is wrong: {error}"
            return
        if truth is None or not stored.agrees:
            return
        for record in stored.annotations:
            if (entry := stored.entry(record)) is not None:
                made = _cube(truth.casting.cache.facts(entry.asset), config)
                yield from ((record, said) for said in field_differences(record, made))
        off = _differing(found, _steps(stored.seen(truth), config), ~stored.unclear(truth))
        if off:
            yield None, f"{off} pixels of its object_coordinates file disagree with its scene"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Lay the map over the picture: red, green and blue are the model's x, y and z."""
        import numpy as np

        steps = _decode(stored.read("object_coordinates"), stored.size)
        shown = np.rint((steps - 1.0) / _STEPS * 255).clip(0, 255).astype(np.uint8)
        canvas.lay_over(shown, steps.any(axis=-1))


def _cube(facts: AssetFacts, config: CoordinatesConfig) -> CoordinatesFields:
    """Return the cube (or box) of a model that its coordinates are shares of."""
    import numpy as np

    low, high = np.array(facts.minimum), np.array(facts.maximum)
    span = high - low
    if config.unit == "diagonal":
        span = np.full(3, np.linalg.norm(span))
    origin = (low + high) / 2 - span / 2
    fields = {"coordinates_origin": origin.tolist(), "coordinates_span": span.tolist()}
    return CoordinatesFields.model_validate(fields, strict=False)


def _steps(truth: ViewTruth, config: CoordinatesConfig) -> Shorts:
    """Return (h, w, 3) what the file has of a view.

    Where an engine's outline and that of the rays differ by rounding, the pixel has nothing: its
    place would be one on another object.
    """
    import numpy as np

    labelled = {entry.instance for entry in truth.labelled}
    steps = np.zeros((*truth.index.shape, 3), np.uint16)
    for entry, part, met in truth.met():
        mine = met & (truth.index[part] == entry.instance)
        if entry.instance not in labelled or not mine.any():
            continue
        cube = _cube(truth.casting.cache.facts(entry.asset), config)
        span = np.array(cube.coordinates_span)
        span[span == 0] = 1.0  # of a flat model
        share = (truth.model_points(entry, part, mine) - cube.coordinates_origin) / span
        steps[part][mine] = 1 + np.rint(share.clip(0, 1) * _STEPS)
    return steps


def _decode(content: bytes, size: tuple[int, int]) -> Shorts:
    """Return the steps (h, w, 3) of a file.

    Raises:
        ValueError: it is none.

    """
    from renderer.truth.raster import decode_png

    steps = decode_png(content, size)
    if steps.ndim != 3:
        raise UserError("it has one channel, and should have three")
    if ((steps == 0).any(axis=-1) != (steps == 0).all(axis=-1)).any():
        raise UserError("it has pixels of which only some channels are 0")
    return steps


def _differing(found: Shorts, made: Shorts, known: Mask) -> int:
    """Return how many pixels differ, 0 for no more than rounding on outlines and edges does."""
    import cv2
    import numpy as np

    from renderer.truth.outline_check import few

    square, slack = np.ones((3, 3), np.uint8), round(_APART * _STEPS)
    steps, exact = found.astype(np.int32), made.astype(np.int32)
    low, high = (
        cv2.erode(made, square) - np.int32(slack),
        cv2.dilate(made, square) + np.int32(slack),
    )
    outside = ((steps < low) | (steps > high)).any(axis=-1) & known
    off = (np.abs(steps - exact) > slack).any(axis=-1) & known
    there = found.any(axis=-1) & known
    return int(off.sum()) if outside.any() or off.sum() > few(there.sum()) else 0
