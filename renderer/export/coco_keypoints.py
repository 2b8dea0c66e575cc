"""COCO keypoints, as pycocotools and the libraries of pose estimation read them.

https://cocodataset.org/#format-data: x, y are indices of pixels, so that the centre of the first is
0, 0; a skeleton counts from 1; what is not labelled (v = 0) is 0, 0.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.checked import category_name, told
from renderer.export.coco_file import (
    category_records,
    coco_files,
    image_entry,
    picture_name,
    place,
    side,
)
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target

# About what COCO has for a shoulder or a wrist (.079, .062), less for points that nobody guessed.
_SIGMA = 0.05
_WITHOUT = "objects whose model or category has no keypoints"
_SIGMAS_FILE = "sigmas.json"
_SIGMAS_NOTE = (
    "A sigma for each keypoint: how far off one may be, as a share of the square root of the "
    "object's area; OKS = mean of exp(-d^2 / (2 area (2 sigma)^2)). COCOeval has those of 17 "
    "points of people: set params.kpt_oks_sigmas to these, a category at a time."
)


class CocoKeypoints(Format[Options]):
    """Keypoints for pose estimation: images/, in annotations/ a JSON a split, and sigmas.json for
    COCOeval. Pictures are links where the disk allows it.
    """

    name = "coco-keypoints"
    needs = ("box", "keypoints")
    carries = ("box", "mask", "keypoints")
    partly: ClassVar[Mapping[str, str]] = {"keypoints": "where points are in space"}
    copies = False

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what is where, and how points are counted and scored."""
        del options
        first = side(next(iter(head.splits), ""))
        return Guide(
            holds=(
                ("images/<split>/" if head.splits else "images/", "the pictures"),
                (
                    f"annotations/person_keypoints_{side('<split>' if head.splits else '')}.json",
                    "images, annotations, and categories with the names of their keypoints",
                ),
                (_SIGMAS_FILE, "by a category's name, a sigma for each of its keypoints"),
            ),
            conventions=(
                "`keypoints` has x, y, v of each point: x, y are COCO's indices of pixels, half a "
                "pixel less than continuous coordinates, so that the centre of the first pixel is "
                "0, 0; v is 0 for a point beyond the picture (x = y = 0), 1 hidden, 2 visible.",
                "`skeleton` has pairs that count from 1; `flip_idx`, from 0, the point that each "
                "becomes in a mirrored picture.",
                "`area` is the number of visible pixels, by which OKS measures.",
                f"COCOeval knows 17 points of people. For others: evaluation.params.kpt_oks_sigmas "
                f'= numpy.array(json.load(open("{_SIGMAS_FILE}"))["sigmas"]["<category>"]), and '
                f"evaluation.params.catIds = [its id]. The sigmas are all {_SIGMA}: scores compare "
                "with each other, not with those of COCO.",
            ),
            loading="from pycocotools.coco import COCO\n"
            f'coco = COCO("annotations/person_keypoints_{first}.json")\n'
            'print({key: each["keypoints"] for key, each in coco.anns.items()})\n',
            requires=("pycocotools",),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures, and the records of objects that have keypoints."""
        del options
        left_out = Counter[str]()
        images = annotations = 0
        categories = [each for each in category_records(head) if each["id"] in head.keypoints]
        if not categories:
            raise DatasetError(
                f"no category of {head.name} has keypoints: place some with `orbitset asset "
                "keypoints MODEL`, and render the dataset anew"
            )
        with coco_files(target, head, "person_keypoints", categories) as files:
            for sample in samples:
                target.take(place(f"images/{picture_name(sample)}", sample.split), sample.picture)
                files[sample.split].add_image(image_entry(sample))
                for record in sample.annotations:
                    category_name(record, head.categories)
                    if record.category_id not in head.keypoints or not record.get("keypoints"):
                        left_out[_WITHOUT] += 1
                        continue
                    files[sample.split].add_annotation(_entry(record, head))
                    annotations += 1
                images += 1
        target.write(_SIGMAS_FILE, _sigmas(head))
        return Summary(images, annotations, told(left_out, (_WITHOUT,)))


def _entry(record: AnnotationRecord, head: DatasetHead) -> dict[str, Any]:
    """Return what COCO says of an object with points.

    Raises:
        DatasetError: it has not as many as its category.

    """
    names = head.keypoints[record.category_id].names
    points = record["keypoints"]
    if len(points) != 3 * len(names):
        raise DatasetError(
            f"annotation {record.id} has {len(points) // 3} keypoints, and its category "
            f"{len(names)}: orbitset dataset validate tells more"
        )
    keys = ("id", "image_id", "category_id", "iscrowd", "bbox", "area", "keypoints")
    entry = {key: record[key] for key in keys}
    entry["num_keypoints"] = sum(1 for v in points[2::3] if v)
    if "segmentation" in record:
        entry["segmentation"] = record["segmentation"]
    return entry


def _sigmas(head: DatasetHead) -> bytes:
    sigmas = {
        head.categories[number]: [_SIGMA] * len(points.names)
        for number, points in sorted(head.keypoints.items())
    }
    return (
        json.dumps({"note": _SIGMAS_NOTE, "sigmas": sigmas}, indent=1, ensure_ascii=False) + "\n"
    ).encode()
