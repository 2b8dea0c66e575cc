"""YOLO detection, as Ultralytics reads it: images/, labels/ and data.yaml; in splits by folders.

https://docs.ultralytics.com/datasets/detect: one line an object, ``class x y w h``, the box's
centre and size as shares of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable

from renderer.dataset.records import AnnotationRecord
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target


class Yolo(Format[Options]):
    """Boxes for Ultralytics: images/, labels/ with a text file an image, data.yaml. Classes count
    from 0 in the order of COCO ids. Pictures are links where the disk allows it.
    """

    name = "yolo"
    copies = False
    caches = ultralytics.caches_of("labels")

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return how it is read."""
        del options
        says = (
            "A line is `class x y w h`: x and y are the box's centre, w and h its size.",
            "A box is tight on what is visible of the object.",
        )
        return ultralytics.guide_of_lines(head, says, task="detect")

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and label files, and data.yaml at the end."""
        del options
        classes, left_out = ultralytics.class_numbers(head), ultralytics.LeftOut()

        def line_of(sample: Sample, record: AnnotationRecord) -> ultralytics.Line:
            number = ultralytics.class_of(record, classes)
            line = ultralytics.box_line(sample, record, number)
            return ultralytics.Line(line, same=line)

        summary = ultralytics.write_lines(samples, target, line_of, left_out)
        target.write("data.yaml", ultralytics.data_yaml(head, head.categories.values()))
        return ultralytics.told(head, summary, left_out)
