"""The named points of an object: where they are seen, and whether they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from renderer.truth.kind import Config, Fields, LabelKind, Labels, Problem
from renderer.values.bounded import Count, Number, Vector3, Whole

if TYPE_CHECKING:
    from renderer.asset.keypoints import ModelKeypoints
    from renderer.shot.scene import Instance
    from renderer.truth.canvas import Canvas
    from renderer.truth.kind import Record
    from renderer.truth.point_sight import Points, Sight
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

# COCO's numbers.
_AWAY, _HIDDEN, _SEEN = 0, 1, 2
# A ten-thousandth of a pixel, and a nanometre: what processors agree on.
_PIXEL_DIGITS, _METRE_DIGITS = 4, 9


class KeypointsConfig(Config):
    """When a point is hidden."""

    tolerance: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        0.005,
        description="A surface hides a point if it lies before it by more than this share of the "
        "model's longest side.",
    )


class KeypointsFields(Fields):
    """The points of the object, in the order of its category's `keypoints`."""

    keypoints: list[Whole | Number] = Field(
        description="COCO's: x, y and v of each point. x and y count from the middle of the first "
        "pixel. v is 2 for a point in sight, 1 for one in the frame that something hides, and 0, "
        "with x and y, for one beyond the frame. Empty where the model has no points."
    )
    num_keypoints: Count = Field(description="COCO's: how many of them are in the frame.")
    keypoints_cam: list[Vector3] = Field(
        description="Where each point is in the camera's frame, in metres, seen or not."
    )


class Keypoints(LabelKind):
    """Named points of the model, as a file beside it gives them."""

    name = "keypoints"
    Config, ObjectFields = KeypointsConfig, KeypointsFields

    def make(self, truth: ViewTruth, config: KeypointsConfig) -> Labels:
        """Return the points."""
        from renderer.truth.point_sight import sight_of

        facts = {each.instance: truth.casting.cache.facts(each.asset) for each in truth.labelled}
        points = [
            _points(truth, each, known.keypoints, config.tolerance * known.longest_m)
            for each in truth.labelled
            if (known := facts[each.instance]).keypoints is not None
        ]
        objects = {each.instance: _NONE for each in truth.labelled}
        warnings = dict[str, None]()
        for each, sight in zip(points, sight_of(truth.casting, points), strict=True):
            objects[each.entry.instance] = _fields(each, sight)
            for other in sight.behind:
                what = other.category or "an unlabelled object"
                warnings[
                    f"keypoints behind {what} are told as hidden: rays cannot follow its opacity"
                ] = None
        return Labels(objects, warnings=tuple(warnings))

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: KeypointsConfig
    ) -> Iterator[Problem]:
        """Compare with the category, and with the scene."""
        for record in stored.annotations:
            if said := _misfit(record, stored.categories.get(record["category_id"])):
                yield record, said
        yield from super().check(stored, truth, config)

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Draw the lines of the skeleton and the points over them, hollow where they are hidden."""
        for record in stored.annotations:
            x, y, v = (record["keypoints"][at::3] for at in range(3))
            colour = canvas.colour(record)
            category = stored.categories.get(record["category_id"])
            for a, b in (category.get("skeleton") if category else None) or ():
                a, b = a - 1, b - 1
                if max(a, b) < len(v) and v[a] and v[b]:
                    canvas.line((x[a] + 0.5, y[a] + 0.5), (x[b] + 0.5, y[b] + 0.5), colour)
            for at, state in enumerate(v):
                if state:
                    centre = x[at] + 0.5, y[at] + 0.5
                    canvas.point(centre, colour, filled=state == _SEEN)


_NONE = KeypointsFields(keypoints=[], num_keypoints=0, keypoints_cam=[])


def _points(
    truth: ViewTruth, entry: Instance, keypoints: ModelKeypoints, tolerance: float
) -> Points:
    """Return the points of an object; ``tolerance`` is in metres of its model."""
    import numpy as np

    from renderer.truth.point_sight import Points

    to_camera = truth.casting.to_camera(entry)
    places = np.array(keypoints.positions) @ to_camera[:3, :3].T + to_camera[:3, 3]
    before = np.full(len(places), tolerance * entry.scale)
    return Points(entry, places, before, before + np.array(keypoints.inside_m) * entry.scale)


def _fields(points: Points, sight: Sight) -> KeypointsFields:
    values: list[int | float] = []
    for (x, y), inside, free in zip(
        sight.pixels.tolist(), sight.in_frame.tolist(), sight.free.tolist(), strict=True
    ):
        if inside:
            x, y = round(x - 0.5, _PIXEL_DIGITS), round(y - 0.5, _PIXEL_DIGITS)
            values += [x, y, _SEEN if free else _HIDDEN]
        else:
            values += [0, 0, _AWAY]
    return KeypointsFields(
        keypoints=values,
        num_keypoints=int(sight.in_frame.sum()),
        keypoints_cam=[tuple(each) for each in points.camera.round(_METRE_DIGITS).tolist()],
    )


def _misfit(record: Record, category: Record | None) -> str:
    """Return what is wrong with the points of an annotation by themselves, or nothing."""
    values, count = record["keypoints"], len(record["keypoints_cam"])
    if len(values) != 3 * count:
        return f"keypoints has {len(values)} values, and there are {count} points"
    names = None if category is None else category.get("keypoints")
    if names is not None and count != len(names):
        return f"it has {count} keypoints, its category {len(names)}"
    if set(values[2::3]) - {_AWAY, _HIDDEN, _SEEN}:
        return "the third value of a keypoint is none of 0, 1 and 2"
    labelled = sum(value > 0 for value in values[2::3])
    if labelled != record["num_keypoints"]:
        return f"num_keypoints is {record['num_keypoints']}, and {labelled} are in the frame"
    return ""
