"""YOLO pose, as Ultralytics reads it: the box and the keypoints of an object.

https://docs.ultralytics.com/datasets/pose: ``class x y w h`` and ``x y visible`` of each point, as
many for every class (``kpt_shape`` in data.yaml). An image with a point outside is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from pydantic import Field

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target

_OTHER = "objects of other categories"
_NONE = "keypoints of objects whose model has none, written as 0 0 0"
_OUTSIDE = "keypoints outside the picture, written as 0 0 0"


class YoloPoseOptions(Options):
    """Whose keypoints are written."""

    category: str | None = Field(
        None,
        min_length=1,
        description="Only objects of this category; else of all, which must have the same points.",
    )


class YoloPose(Format[YoloPoseOptions]):
    """Boxes and keypoints for Ultralytics: images/, labels/ with a text file an image, data.yaml
    with kpt_shape and flip_idx. All categories must have as many points, or one is chosen.
    """

    name = "yolo-pose"
    needs = ("box", "keypoints")
    carries = ("box", "keypoints")
    partly: ClassVar = {
        "keypoints": "points outside the picture, skeleton and places in space are not in it"
    }
    copies = False
    caches = ultralytics.caches_of("labels")
    Options = YoloPoseOptions

    def guide(self, head: DatasetHead, options: YoloPoseOptions) -> Guide:
        """Return how it is read."""
        points = _points(head, options)
        return ultralytics.guide_of_lines(
            head,
            (
                f"A line is `class x y w h` and `x y visible` of each of {len(points.names)} "
                "keypoints. The first x and y are the box's centre, w and h its size; it is tight "
                "on what is visible of the object.",
                "visible is 2 for a point that is seen, 1 for one that is hidden, 0 for one that "
                "is not known, whose x and y are 0, too.",
                f"The keypoints are {', '.join(points.names)}; flip_idx in data.yaml has for each "
                "the one that it becomes in a mirrored picture.",
                "supervision reads the boxes alone.",
            ),
            task="pose",
        )

    def write(
        self,
        samples: Iterable[Sample],
        head: DatasetHead,
        target: Target,
        options: YoloPoseOptions,
    ) -> Summary:
        """Write pictures and label files, and data.yaml at the end."""
        points, categories = _points(head, options), _categories(head, options)
        classes = {number: at for at, number in enumerate(categories)}
        left_out = ultralytics.LeftOut()

        def line_of(sample: Sample, record: AnnotationRecord) -> ultralytics.Line | None:
            if record.category_id in head.categories and record.category_id not in classes:
                left_out[_OTHER] += 1
                return None
            box = ultralytics.box_line(sample, record, ultralytics.class_of(record, classes))
            line = " ".join([box, *_triples(sample, record, len(points.names), left_out)])
            return ultralytics.Line(line, same=line)

        summary = ultralytics.write_lines(samples, target, line_of, left_out)
        yaml = ultralytics.data_yaml(
            head,
            categories.values(),
            kpt_shape=[len(points.names), 3],
            flip_idx=list(points.flips),
            kpt_names={
                classes[number]: list(head.keypoints[number].names)
                for number in classes
                if number in head.keypoints
            },
        )
        target.write("data.yaml", yaml)
        return ultralytics.told(head, summary, left_out)


def _categories(head: DatasetHead, options: YoloPoseOptions) -> Mapping[int, str]:
    """Return id and name of the categories that are written."""
    if options.category is None:
        return head.categories
    return {number: name for number, name in head.categories.items() if name == options.category}


def _points(head: DatasetHead, options: YoloPoseOptions) -> KeypointSet:
    """Return the points that every object has.

    Raises:
        DatasetError: no category that is written has keypoints, or two have other ones.

    """
    categories = _categories(head, options)
    if options.category is not None and not categories:
        raise DatasetError(
            f"the dataset has no category {options.category!r}: it has "
            f"{', '.join(head.categories.values())}"
        )
    sets = {name: head.keypoints[key] for key, name in categories.items() if key in head.keypoints}
    if not sets:
        which = "the dataset" if options.category is None else f"the category {options.category!r}"
        raise DatasetError(f"{which} has no keypoints, which the format yolo-pose is about")
    if len({(len(points.names), points.flips) for points in sets.values()}) > 1:
        counts = ", ".join(f"{name} ({len(points.names)})" for name, points in sets.items())
        raise DatasetError(
            "YOLO pose has one number of keypoints, and one order of mirroring them, for all "
            f"categories, and here they differ: {counts}; choose one with --option category=NAME"
        )
    return next(iter(sets.values()))


def _triples(
    sample: Sample, record: AnnotationRecord, count: int, left_out: ultralytics.LeftOut
) -> list[str]:
    """Return ``x y visible`` of each point."""
    width, height, values = sample.image.width, sample.image.height, record["keypoints"]
    if not values:
        left_out[_NONE] += count
        return ["0 0 0"] * count
    if len(values) != 3 * count:
        raise DatasetError(
            f"annotation {record.id} has {len(values)} keypoint values, and {count} points have "
            f"{3 * count}"
        )
    found = []
    for x, y, visible in zip(values[::3], values[1::3], values[2::3], strict=True):
        # COCO counts from the middle of the first pixel, Ultralytics from its corner.
        right, down = x + 0.5, y + 0.5
        there = 0 <= right <= width and 0 <= down <= height
        left_out[_OUTSIDE] += bool(visible) and not there
        place = ultralytics.shares((right, down), width, height)
        found.append(f"{place} {int(visible)}" if visible and there else "0 0 0")
    return found
