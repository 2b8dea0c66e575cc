"""Which objects of several images are the same one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind, Labels, Problem
from renderer.values.bounded import Count

if TYPE_CHECKING:
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

# More than a shot has instances.
_A_SHOT = 1 << 15


class TrackFields(Fields):
    """What tells an object from all others of the dataset."""

    track_id: Count = Field(
        description="The same for one object in all views and variants of its shot, and another "
        "for every other object of the dataset: shot * 32768 + instance."
    )


class Tracks(LabelKind):
    """Numbers by which an object is known again in the other views of its shot."""

    name = "tracks"
    ObjectFields = TrackFields

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the numbers."""
        shot = truth.shot.index
        return Labels(
            {
                entry.instance: TrackFields(track_id=track_id(shot, entry.instance))
                for entry in truth.labelled
            }
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the shot and instance."""
        for record in stored.annotations:
            made = track_id(stored.image["shot"], record["instance"])
            if record["track_id"] != made:
                yield record, f"track_id is {record['track_id']}, its object's is {made}"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Tint each object, or draw its box, in the colour of its track: one in all views."""
        from renderer.colour.palette import colour_of

        for record in stored.annotations:
            colour = colour_of(record["track_id"])
            if "segmentation" in record:
                canvas.tint(canvas.cover(stored.mask(record)), colour)
            else:
                canvas.rectangle(record["bbox"], colour)


def track_id(shot: int, instance: int) -> int:
    """Return the number of an object of a shot."""
    return shot * _A_SHOT + instance
