"""A format: one line an object, with its category and the middle of its box."""

from __future__ import annotations

from pydantic import Field

from renderer.export.format import Format, Options, Summary


class CentresOptions(Options):
    """How lines are written."""

    separator: str = Field(",", min_length=1, max_length=1, description="Between two values.")


class Centres(Format):
    """A table of the middles of boxes, in pixels."""

    name, Options = "centres", CentresOptions

    def write(self, samples, head, target, options):
        images = annotations = 0
        with target.open("centres.csv") as file:
            for sample in samples:
                images += 1
                for record in sample.annotations:
                    x, y, w, h = record.bbox
                    values = (
                        sample.stem,
                        head.categories[record.category_id],
                        x + w / 2,
                        y + h / 2,
                    )
                    file.write((options.separator.join(map(str, values)) + "\n").encode())
                    annotations += 1
        return Summary(images, annotations)
