"""YOLO semantic segmentation, as Ultralytics reads it: a map of each picture's classes.

https://docs.ultralytics.com/datasets/semantic, as of release 8.4.123 of August 2026: 8-bit grey PNG
in the folder that ``masks_dir`` names; each value is a class of data.yaml, 255 is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.errors import UserError
from renderer.export import ultralytics
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.outline import crop_of
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.raster import decode_png, encode_flat_png

ClassMap = npt.NDArray[np.uint8]

_BACKGROUND, _VOID = 0, 255
_IGNORED = "objects that are to be ignored (iscrowd 1), whose pixels are 255"


class YoloSemantic(Format[Options]):
    """Semantic maps for Ultralytics: images/, masks/ with an 8-bit PNG of classes an image, and
    data.yaml. Class 0 is the background, the dataset's categories follow; 255 is ignored.
    """

    name = "yolo-semantic"
    needs = ("mask",)
    carries = ("mask", "semantic")
    partly: ClassVar = {"mask": "objects of one category are not told apart"}
    copies = False
    caches = ultralytics.caches_of("masks")

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return how it is read."""
        del options
        maps = f"{ultralytics.folder_of(head, 'masks')}/*.png"
        return Guide(
            holds=ultralytics.files_of(
                head, ("masks", "png", "8-bit grey PNG of the class of each pixel")
            ),
            conventions=(
                "0 is the background: floor, backdrop and objects without a label. Classes from 1 "
                "are the dataset's categories in the order of their ids; data.yaml names all.",
                "255 is not looked at: objects that are to be ignored or show too little.",
                ultralytics.training("semantic"),
            ),
            loading=f"""
import glob, cv2
for path in sorted(glob.glob("{maps}")):
    classes = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
    print(path, classes.shape, sorted(set(classes.ravel().tolist())))
""",
            requires=("opencv-python",),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write pictures and maps, and data.yaml at the end."""
        del options
        if len(head.categories) >= _VOID:
            raise DatasetError(
                f"the dataset has {len(head.categories)} categories, and a map of yolo-semantic "
                f"has room for {_VOID - 1}: 8 bits a pixel, of which 0 is the background and "
                f"{_VOID} is ignored"
            )
        classes = {number: at + 1 for number, at in ultralytics.class_numbers(head).items()}
        left_out = ultralytics.LeftOut()
        images = annotations = 0
        for sample in ultralytics.taken(samples, target, left_out):
            content = encode_flat_png(_classes_of(sample, classes, left_out))
            target.write(ultralytics.place(sample, "masks", f"{sample.stem}.png"), content)
            images += 1
            annotations += len(sample.annotations)
        names = ["background", *head.categories.values()]
        more: dict[str, Any] = {"masks_dir": "masks", "nc": len(names)}
        target.write("data.yaml", ultralytics.data_yaml(head, names, **more))
        return ultralytics.told(head, Summary(images, annotations), left_out)


def _classes_of(
    sample: Sample, classes: Mapping[int, int], left_out: ultralytics.LeftOut
) -> ClassMap:
    """Return the class (h, w) of each pixel of an image.

    Raises:
        DatasetError: nothing says which pixels an object has that has no annotation.

    """
    found = np.full((sample.image.height, sample.image.width), _BACKGROUND, np.uint8)
    for record in sample.annotations:
        crop = crop_of(sample, record)
        left_out[_IGNORED] += bool(record.iscrowd)
        number = _VOID if record.iscrowd else ultralytics.class_of(record, classes)
        found[crop.part][crop.mask] = number
    if "semantic" in sample.files:
        found[_void_of(sample)] = _VOID
    elif sample.image.dropped:
        raise DatasetError(
            f"image {sample.image.id} shows objects without an annotation because they show too "
            "little, and only semantic labels know which pixels are theirs: render the dataset "
            "with `labels: {semantic: true}`, or with `below: ignore`"
        )
    return found


def _void_of(sample: Sample) -> npt.NDArray[np.bool_]:
    """Return (h, w) what the dataset's semantic map has as void: the largest of its values."""
    content = sample.files["semantic"].read()
    bits = 8 if content[24:25] == b"\x08" else 16
    try:
        found = decode_png(content, (sample.image.width, sample.image.height), bits)
    except UserError as error:
        raise DatasetError(
            f"the semantic file of image {sample.image.id} is wrong: {error}"
        ) from None
    if found.ndim != 2:
        raise DatasetError(f"the semantic file of image {sample.image.id} has colours")
    return np.asarray(found == 2**bits - 1, np.bool_)
