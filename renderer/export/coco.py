"""COCO's own layout, with a file of annotations for each side of a split."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from renderer.dataset.records import ImageRecord
from renderer.export.checked import category_name
from renderer.export.coco_file import category_records, coco_files, place, side
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target


class Coco(Format[Options]):
    """COCO as most tools look for it: images/, in annotations/ a JSON a split with the dataset's
    own records, and what label kinds wrote for each image. Files are links where the disk allows
    it.
    """

    name = "coco"
    carries = None
    copies = False

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what is where."""
        del options
        first = side(next(iter(head.splits), ""))
        folder = "images/<split>/" if head.splits else "images/"
        return Guide(
            holds=(
                (folder, "the pictures"),
                (
                    f"annotations/instances_{side('<split>' if head.splits else '')}.json",
                    "images, annotations and categories, with every field that the dataset has",
                ),
            ),
            conventions=(
                "`file_name` is relative to the folder of the pictures. `files` has what label "
                "kinds wrote for the image, each in a folder of its own; its paths are relative to "
                "this one.",
                "Boxes are left, top, width and height in pixels; the picture's top left corner is "
                "0, 0, and pixel centres lie at integer + 0.5.",
                "Annotation and image ids are the dataset's own, so that those of two splits never "
                "meet.",
                "Masks are compressed run lengths unless the recipe asked for polygons: Detectron2 "
                'reads them with INPUT.MASK_FORMAT = "bitmask".',
            ),
            loading="from pycocotools.coco import COCO\n"
            f'coco = COCO("annotations/instances_{first}.json")\n'
            'print(len(coco.imgs), "images,", len(coco.anns), "objects")\n',
            requires=("pycocotools",),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write the files of each image, and its records to its side."""
        del options
        images = annotations = 0
        with coco_files(target, head, "instances", category_records(head)) as files:
            for sample in samples:
                for name, file in sample.files.items():
                    target.take(place(sample.image.files[name].path, sample.split), file)
                files[sample.split].add_image(_moved(sample.image, sample.split))
                for record in sample.annotations:
                    category_name(record, head.categories)
                    files[sample.split].add_annotation(dict(record))
                images += 1
                annotations += len(sample.annotations)
        return Summary(images, annotations)


def _moved(image: ImageRecord, split: str) -> dict[str, Any]:
    """Return an image's record with its files where they are in the export."""
    files = {
        name: {**dict(file), "path": place(file.path, split)} for name, file in image.files.items()
    }
    return {**dict(image), "file_name": PurePosixPath(image.file_name).name, "files": files}
