"""KITTI's object detection in 3D: https://www.cvlibs.net/datasets/kitti/eval_object.php.

A label is a line of 15 columns: type, truncated, occluded, alpha, the box in the picture (left,
top, right, bottom), height, width and length, the middle of the box's bottom, and the turn about
the axis that points down. Nothing else of a rotation can be said.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from renderer.dataset.layout import DatasetError
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target, Writable

if TYPE_CHECKING:
    from renderer.export.kitti_labels import View

DONT_CARE = "DontCare"
# From so much visibility on an object is seen as a whole, and in large part.
WHOLE, LARGE_PART = 0.95, 0.5
_ADVICE = " (the option level turns the axes of labels and calibration upright)"


class KittiOptions(Options):
    """Which way is forward and upright."""

    forward: Literal["x", "-x", "y", "-y"] = Field(
        "-y", description="The models' axis that points forward: rotation_y and length are its."
    )
    level: bool = Field(
        False,
        description="Labels have the axes of a camera in the same place that is level; P2 turns "
        "them to the picture.",
    )
    max_tilt_deg: Annotated[float, Field(ge=0, le=180)] = Field(
        2.0, description="Objects tilted more against the upright axis are DontCare."
    )


class Kitti(Format[KittiOptions]):
    """KITTI's 3D object detection: training/image_2, label_2 and calib. Its boxes turn about the
    upright axis of the camera alone: tilted objects are DontCare, and counted.
    """

    name = "kitti"
    needs = ("box", "amodal", "pose")
    carries = ("box", "amodal", "pose", "boxes3d")
    partly: ClassVar[Mapping[str, str]] = {
        "box": "the box of the whole object in the frame stands for that of what is seen",
        "amodal": "its box, truncation, and visibility in three steps",
        "pose": "the turn about the upright axis; of tilted objects nothing",
        "boxes3d": "those of objects that stand upright before the camera",
    }
    copies = False
    Options = KittiOptions

    def guide(self, head: DatasetHead, options: KittiOptions) -> Guide:
        """Return what the export's ``README.md`` says of the format."""
        side = head.splits[0] if head.splits else ""
        folders = dict.fromkeys(folder_of(each) for each in head.splits or ("",))
        return Guide(
            holds=(
                *((path.format(folder=folder), is_) for folder in folders for path, is_ in _HOLDS),
                *((list_of(each), "the numbers of its images") for each in head.splits or ("",)),
            ),
            conventions=(*_CONVENTIONS, _LEVEL if options.level else _AS_THE_CAMERA),
            loading=_LOADING.format(folder=folder_of(side), list=list_of(side)),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: KittiOptions
    ) -> Summary:
        """Write pictures, labels and calibrations, and lists of each side's images."""
        from renderer.export.kitti_labels import calibration, label_line
        from renderer.export.png_picture import take_picture

        names, left_out = _type_names(head.categories), Counter[str]()
        images = annotations = 0
        with ExitStack() as stack:
            lists: dict[str, Writable] = {}
            for side in head.splits or ("",):
                lists[side] = stack.enter_context(target.open(list_of(side)))
            for sample in samples:
                # Images keep their number when others are added.
                number, folder = f"{sample.image.id - 1:06d}", folder_of(sample.split)
                view = _view(sample, options)
                lines = [
                    label_line(record, sample, view, names, head.models, left_out)
                    for record in sample.annotations
                ]
                take_picture(target, f"{folder}/image_2/{number}", sample)
                target.write(f"{folder}/label_2/{number}.txt", "".join(lines).encode())
                target.write(f"{folder}/calib/{number}.txt", calibration(sample, view))
                lists[sample.split].write(f"{number}\n".encode())
                images += 1
                annotations += len(lines)
        return Summary(images, annotations, _told(left_out, options))


def folder_of(split: str) -> str:
    """Return the folder of a side of a split; readers of KITTI know two."""
    return "testing" if split == "test" else "training"


def list_of(split: str) -> str:
    """Return the file with the numbers of a side's images."""
    return f"ImageSets/{split or 'trainval'}.txt"


def _view(sample: Sample, options: KittiOptions) -> View:
    import numpy as np

    from renderer.export.kitti_labels import View, level

    world_to_camera = np.array(sample.image.camera.world_to_camera)
    return View(
        level(world_to_camera[:3, :3]) if options.level else np.eye(3),
        ("xy".index(options.forward[-1]), -1 if options.forward[0] == "-" else 1),
        math.radians(options.max_tilt_deg),
    )


def _told(left_out: Mapping[str, int], options: KittiOptions) -> tuple[str, ...]:
    """Return a sentence of each sort of objects that are not written as they are."""
    advice = "" if options.level else _ADVICE
    sentences = {
        "ignored": f"objects to be ignored, which are {DONT_CARE}",
        "tilted": f"objects tilted more than {options.max_tilt_deg:g} degrees against the "
        f"{'world' if options.level else 'camera'}, which are {DONT_CARE} since KITTI's boxes turn "
        f"about the upright axis alone{advice}",
    }
    return tuple(f"{sentences[sort]}: {left_out[sort]}" for sort in sentences if left_out[sort])


def _type_names(categories: Mapping[int, str]) -> dict[int, str]:
    """Return KITTI's names of categories, which have no blanks.

    Raises:
        DatasetError: two would be the same, or one is a word of KITTI's.

    """
    names = {number: re.sub(r"\s+", "_", name) for number, name in categories.items()}
    for number, name in names.items():
        others = [each for each in names if each != number and names[each] == name]
        if others or name in ("", DONT_CARE):
            raise DatasetError(
                f"the category {categories[number]!r} would be {name!r} in KITTI, which is "
                f"{f'{categories[others[0]]!r}, too' if others else 'a word of its own'}: rename it"
            )
    return names


_HOLDS = (
    ("{folder}/image_2/", "pictures: 000000.png is the image with the id 1, and so on"),
    ("{folder}/label_2/", "text files of the same names, with a line an object"),
    ("{folder}/calib/", "and with the camera; P0 to P3 are the same"),
)
_CONVENTIONS = (
    "Columns: type, truncated (share of the object beyond the frame), occluded, alpha, left, top, "
    "right, bottom, height, width, length, x, y, z, rotation_y. Metres and radians.",
    f"occluded is 0 from {WHOLE:.0%} visibility on, 1 from {LARGE_PART:.0%}, and 2 below.",
    "The box in the picture is that of the whole object as far as it is in the frame, hidden parts "
    "too; left, top, right and bottom are indices of its first and last pixels, from 0.",
    "P2 has pixel centres at whole numbers: the middle of the first pixel is (0, 0).",
    "x, y, z is the middle of the box's bottom; alpha = rotation_y - atan2(x, z).",
    "There is no laser scanner: Tr_velo_to_cam only names the axes of one in the camera's place.",
    f"What is to be ignored is {DONT_CARE}; blanks in the names of categories are _.",
)
_AS_THE_CAMERA = "The axes of labels are the camera's: x right, y down, z forward."
_LEVEL = (
    "The axes of labels are those of a level camera in the same place (x right, y down, z "
    "ahead): P2 turns them to the picture, and has more than focal lengths in its first columns."
)
_LOADING = """\
number = open("{list}").readline().strip()
labels = [line.split() for line in open(f"{folder}/label_2/{{number}}.txt")]
print(number, [(label[0], [float(value) for value in label[1:]]) for label in labels])
"""
