"""COCO panoptic: what every pixel belongs to, as a PNG of ids and a JSON that says what each id is.

https://cocodataset.org/#format-data: id = red + 256 green + 65536 blue; 0 is void, which counts
neither for nor against a prediction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.colour.palette import colour_of
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.checked import category_name, seen_mask, told
from renderer.export.coco_file import (
    category_records,
    coco_files,
    image_entry,
    picture_name,
    place,
    side,
)
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.index_png import encode_id_png
from renderer.export.sample import Sample
from renderer.export.semantic_map import background_pixels
from renderer.export.target import Target
from renderer.geometry.crop import Crop

Ids = npt.NDArray[np.uint32]

_BACKGROUND = "background"
_EMPTY = "objects whose mask is empty"
_NO_BACKGROUND = (
    "the background of images with objects too little of which is seen for a label: it is void, "
    "because only semantic labels say where those are"
)


class CocoPanoptic(Format[Options]):
    """Panoptic segmentation: images/, annotations/panoptic_<split>.json and a PNG of ids an image.
    Pictures are links where the disk allows it.
    """

    name = "coco-panoptic"
    needs = ("mask",)
    carries = ("box", "mask", "semantic", "panoptic")
    copies = False

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what is where, and what ids mean."""
        del options
        first = side(next(iter(head.splits), ""))
        stem = f"annotations/panoptic_{side('<split>' if head.splits else '')}"
        return Guide(
            holds=(
                ("images/<split>/" if head.splits else "images/", "the pictures"),
                (f"{stem}.json", "images, categories, and the segments of each image"),
                (f"{stem}/", "a PNG of ids an image"),
            ),
            conventions=(
                "A pixel's segment is red + 256 green + 65536 blue; 0 is void.",
                f"Objects are things (isthing 1); all else is one segment of the stuff "
                f'"{_BACKGROUND}", whose category is the last.',
                "Objects that are to be ignored have iscrowd 1. Those too little of which is seen "
                "for a label are void.",
                "Segments count from 1 in the order of the dataset's annotations; `bbox` is left, "
                "top, width and height in pixels.",
            ),
            loading="import json\n"
            "import numpy\n"
            "from PIL import Image\n"
            f'first = json.load(open("annotations/panoptic_{first}.json"))["annotations"][0]\n'
            f'png = Image.open("annotations/panoptic_{first}/" + first["file_name"])\n'
            "ids = numpy.array(png).astype(int) @ [1, 256, 65536]\n"
            'masks = {each["id"]: ids == each["id"] for each in first["segments_info"]}\n',
            requires=("numpy", "pillow"),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures, PNGs of ids, and what the ids are."""
        del options
        left_out = Counter[str]()
        images = annotations = 0
        stuff = max(head.categories, default=0) + 1
        with coco_files(target, head, "panoptic", _categories(head, stuff)) as files:
            for sample in samples:
                ids, segments = _segments(sample, head, stuff, left_out)
                name = f"{sample.stem}.png"
                target.take(place(f"images/{picture_name(sample)}", sample.split), sample.picture)
                target.write(
                    f"annotations/panoptic_{side(sample.split)}/{name}", encode_id_png(ids)
                )
                entry = {"image_id": sample.image.id, "file_name": name, "segments_info": segments}
                files[sample.split].add_image(image_entry(sample))
                files[sample.split].add_annotation(entry)
                images += 1
                annotations += sum(each["category_id"] != stuff for each in segments)
        return Summary(images, annotations, told(left_out, (_EMPTY, _NO_BACKGROUND)))


def _categories(head: DatasetHead, stuff: int) -> list[dict[str, Any]]:
    things = [
        {**each, "isthing": 1, "color": _rgb(colour_of(each["id"]))}
        for each in category_records(head)
    ]
    background = {"id": stuff, "name": _BACKGROUND, "supercategory": "", "isthing": 0}
    return [*things, {**background, "color": [0, 0, 0]}]


def _rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


def _segments(
    sample: Sample, head: DatasetHead, stuff: int, left_out: Counter[str]
) -> tuple[Ids, list[dict[str, Any]]]:
    """Return the ids (h, w) of an image, and what each is."""
    ids = np.zeros((sample.image.height, sample.image.width), np.uint32)
    segments: list[dict[str, Any]] = []
    for record in sample.annotations:
        category_name(record, head.categories)
        crop = Crop.whole(seen_mask(record, sample.image))
        if not crop.area:
            left_out[_EMPTY] += 1
            continue
        _paint(ids, crop, len(segments) + 1, record)
        segments.append(_entry(len(segments) + 1, record.category_id, crop, record.iscrowd))
    known = background_pixels(sample)
    if known is None:
        left_out[_NO_BACKGROUND] += 1
        return ids, segments
    rest = Crop.whole((ids == 0) & known)
    if rest.area:
        number = len(segments) + 1
        ids[rest.part][rest.mask] = number
        segments.append(_entry(number, stuff, rest, 0))
    return ids, segments


def _paint(ids: Ids, crop: Crop, number: int, record: AnnotationRecord) -> None:
    there = ids[crop.part]
    if there[crop.mask].any():
        raise DatasetError(
            f"the mask of annotation {record.id} has pixels that another object of its image has, "
            "and a panoptic map has one object a pixel: orbitset dataset validate tells more"
        )
    there[crop.mask] = number


def _entry(number: int, category: int, crop: Crop, iscrowd: int) -> dict[str, Any]:
    return {
        "id": number,
        "category_id": category,
        "area": crop.area,
        "bbox": crop.box,
        "iscrowd": iscrowd,
    }
