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
from pydantic import Field

from renderer.colour.palette import colour_of
from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.errors import UserError
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

# Beyond the numbers of all objects, as panoptic labels have it.
_BACKGROUND_ID = 65536
_EMPTY = "objects whose mask is empty"
_NO_BACKGROUND = (
    "the background of images with objects too little of which is seen for a label: it is void, "
    "because only semantic labels say where those are"
)


class CocoPanopticOptions(Options):
    """What is where no object is."""

    background: str | None = Field(
        None,
        min_length=1,
        description="The name of a category of stuff that all pixels without an object are of. As "
        "panoptic labels have it; where they have none, those pixels are void.",
    )


class CocoPanoptic(Format[CocoPanopticOptions]):
    """Panoptic segmentation: images/, and in annotations/ a JSON a split and a PNG of ids an image.
    Pictures are links where the disk allows it.
    """

    name = "coco-panoptic"
    needs = ("mask",)
    carries = ("box", "mask", "instances", "semantic", "panoptic")
    copies = False
    Options = CocoPanopticOptions

    def guide(self, head: DatasetHead, options: CocoPanopticOptions) -> Guide:
        """Return what is where, and what ids mean."""
        background = _background(head, options)
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
                "Objects are things (isthing 1), and their ids the numbers that they have in their "
                "shot.",
                f"All else is stuff, {background}: one segment, whose id is {_BACKGROUND_ID} and "
                "whose category the last."
                if background
                else "All else is void.",
                "Objects that are to be ignored have iscrowd 1. Those too little of which is seen "
                "for a label are void.",
                "`bbox` is left, top, width and height in pixels; `area` counts pixels.",
            ),
            loading="import json\n"
            "import numpy\n"
            "from PIL import Image\n"
            f'first = json.load(open("annotations/panoptic_{first}.json"))["annotations"][0]\n'
            f'png = Image.open("annotations/panoptic_{first}/" + first["file_name"])\n'
            "ids = numpy.array(png).astype(int) @ [1, 256, 65536]\n"
            'print({each["id"]: (ids == each["id"]).sum() for each in first["segments_info"]})\n',
            requires=("numpy", "pillow"),
        )

    def write(
        self,
        samples: Iterable[Sample],
        head: DatasetHead,
        target: Target,
        options: CocoPanopticOptions,
    ) -> Summary:
        """Write pictures, PNGs of ids, and what the ids are."""
        left_out = Counter[str]()
        images = annotations = 0
        categories = _categories(head, _background(head, options))
        stuff = next((each["id"] for each in categories if not each["isthing"]), None)
        with coco_files(target, head, "panoptic", categories) as files:
            for sample in samples:
                ids, segments = _objects(sample, head, left_out)
                annotations += len(segments)
                if stuff is not None:
                    segments += _stuff(sample, ids, stuff, left_out)
                name = f"{sample.stem}.png"
                target.take(place(f"images/{picture_name(sample)}", sample.split), sample.picture)
                target.write(
                    f"annotations/panoptic_{side(sample.split)}/{name}", encode_id_png(ids)
                )
                entry = {"image_id": sample.image.id, "file_name": name, "segments_info": segments}
                files[sample.split].add_image(image_entry(sample))
                files[sample.split].add_annotation(entry)
                images += 1
        return Summary(images, annotations, told(left_out, (_EMPTY, _NO_BACKGROUND)))


def _background(head: DatasetHead, options: CocoPanopticOptions) -> str | None:
    """Return the name of the category of what is no object, if there is one."""
    name = options.background or head.manifest.labels.get("panoptic", {}).get("background")
    if name in head.categories.values():
        raise UserError(
            f"background: {name} is a category of objects of {head.name}: choose another name"
        )
    return None if name is None else str(name)


def _categories(head: DatasetHead, background: str | None) -> list[dict[str, Any]]:
    found = [
        {**each, "isthing": 1, "color": _rgb(colour_of(each["id"]))}
        for each in category_records(head)
    ]
    if background is not None:
        last = {"id": max(head.categories, default=0) + 1, "name": background}
        found.append({**last, "supercategory": "", "isthing": 0, "color": [0, 0, 0]})
    return found


def _rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


def _objects(
    sample: Sample, head: DatasetHead, left_out: Counter[str]
) -> tuple[Ids, list[dict[str, Any]]]:
    """Return the ids (h, w) of an image's objects, and what each is."""
    ids = np.zeros((sample.image.height, sample.image.width), np.uint32)
    segments: dict[int, dict[str, Any]] = {}
    for record in sample.annotations:
        category_name(record, head.categories)
        crop = Crop.whole(seen_mask(record, sample.image))
        if not crop.area:
            left_out[_EMPTY] += 1
            continue
        if not 0 < record.instance < _BACKGROUND_ID or record.instance in segments:
            raise DatasetError(
                f"annotation {record.id} is instance {record.instance} of its shot, which should "
                f"be from 1 to {_BACKGROUND_ID - 1}, and another for each object"
            )
        _paint(ids, crop, record)
        segments[record.instance] = _entry(
            record.instance, record.category_id, crop, record.iscrowd
        )
    return ids, list(segments.values())


def _stuff(sample: Sample, ids: Ids, category: int, left_out: Counter[str]) -> list[dict[str, Any]]:
    """Give the pixels without an object the id of the background; return its segment, if it has
    any.
    """
    known = background_pixels(sample)
    if known is None:
        left_out[_NO_BACKGROUND] += 1
        return []
    rest = Crop.whole((ids == 0) & known)
    if not rest.area:
        return []
    ids[rest.part][rest.mask] = _BACKGROUND_ID
    return [_entry(_BACKGROUND_ID, category, rest, 0)]


def _paint(ids: Ids, crop: Crop, record: AnnotationRecord) -> None:
    there = ids[crop.part]
    if there[crop.mask].any():
        raise DatasetError(
            f"the mask of annotation {record.id} has pixels that another object of its image has, "
            "and a panoptic map has one object a pixel: orbitset dataset validate tells more"
        )
    there[crop.mask] = record.instance


def _entry(number: int, category: int, crop: Crop, iscrowd: int) -> dict[str, Any]:
    return {
        "id": number,
        "category_id": category,
        "area": crop.area,
        "bbox": crop.box,
        "iscrowd": iscrowd,
    }
