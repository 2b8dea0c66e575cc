"""A dataset of ours as a set to compare, and what its shots have drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from renderer.dataset.compare.sets import MOST_BOXES, MOST_IMAGES, ImageSet, Sample, SetImage
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories, read_images, read_pairs
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.dataset.shots import read_lines, to_shot
from renderer.errors import UserError
from renderer.shot.shot import Shot

_LEAST = 10


def read_generated(layout: Layout, seed: int) -> ImageSet:
    """Return a sample of a dataset, resampled by scene.

    Raises:
        UserError: it has no boxes, or too few images to say anything.

    """
    manifest = read_manifest(layout)
    if "box" not in manifest.labels:
        raise UserError(f"{layout.root} has no boxes to compare: switch on the label kind `box`")
    sample, names = Sample(MOST_IMAGES, seed), read_categories(layout)
    for record in read_images(layout):
        sample.add(str(record.id))
    if sample.total < _LEAST:
        raise UserError(
            f"{layout.root} has {sample.total} images, and at least {_LEAST} are needed to tell "
            "what differs (50 or more to tell it well)"
        )
    keys, counts = sample.keys, Counter[str]()
    images = []
    for image, records in read_pairs(layout):
        if str(image.id) in keys:
            counts.update(names[each.category_id] for each in records)
            images.append(_image(layout, image, records))
    remarks = []
    if sample.total < 50:
        remarks.append(f"the dataset has {sample.total} images: with 50 or more it is told better")
    return ImageSet(manifest.name, images, sample.total, remarks, counts)


def _image(layout: Layout, image: ImageRecord, records: list[AnnotationRecord]) -> SetImage:
    boxes = [each["bbox"] for each in records if not each.iscrowd][:MOST_BOXES]
    return SetImage(
        key=str(image.id),
        group=str(image.shot),
        size=(image.width, image.height),
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        picture=layout.file(image.file_name),
        shot=image.shot,
        image_id=image.id,
    )


def read_shots(layout: Layout, indices: Iterable[int]) -> dict[int, Shot]:
    """Return some shots by their indices; none where ``shots.jsonl`` is lost."""
    wanted = set(indices)
    try:
        return {
            line["index"]: to_shot(line) for line in read_lines(layout) if line["index"] in wanted
        }
    except DatasetError:
        return {}
