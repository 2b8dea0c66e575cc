"""Omni3D's JSON, for Cube R-CNN: https://github.com/facebookresearch/omni3d (DATA.md).

COCO's lists with boxes in space: metres, OpenCV's axes, and pixels that are counted from the
picture's edge, as Detectron2 does: the middle of the first is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from renderer.export.checked import category_name
from renderer.export.coco_file import CocoFile, coco_file
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.pinhole import pinhole
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.amodal import AmodalFields
from renderer.truth.kinds.box import BoxFields

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.dataset.records import AnnotationRecord
    from renderer.export.models import Models
    from renderer.values.bounded import Matrix3x3

    Array = npt.NDArray[np.float64]

_UNDIVIDED = "train"
_UNKNOWN = -1
_NOWHERE = [_UNKNOWN] * 4
# Of v0 to v7, in halves of length, height and width.
_CORNERS = (
    *((-1, -1, -1), (1, -1, -1), (1, 1, -1), (-1, 1, -1)),
    *((-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)),
)


class Omni3dOptions(Options):
    """What tells this dataset from others that are read with it."""

    dataset_id: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] = Field(
        100, description="Its number among the datasets that are read together."
    )


class Omni3d(Format[Omni3dOptions]):
    """Boxes in space for Cube R-CNN: Omni3D/NAME_SPLIT.json beside NAME/images, to be put into its
    folder datasets/.
    """

    name = "omni3d"
    needs = ("box", "amodal", "pose")
    carries = ("box", "amodal", "pose", "boxes3d")
    partly: ClassVar[Mapping[str, str]] = {
        "amodal": "visibility and truncation; its masks are not written",
    }
    copies = False
    Options = Omni3dOptions

    def guide(self, head: DatasetHead, options: Omni3dOptions) -> Guide:
        """Return what the export's ``README.md`` says of the format."""
        first = _file(head, head.splits[0] if head.splits else "")
        return Guide(
            holds=(
                *((_file(head, each), _HELD) for each in head.splits or ("",)),
                (f"{head.name}/images/", "the pictures"),
            ),
            conventions=(*_CONVENTIONS, f"dataset_id is {options.dataset_id}."),
            loading=_LOADING.format(file=first),
            requires=("pycocotools",),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Omni3dOptions
    ) -> Summary:
        """Write pictures, and a JSON file a side."""
        images = annotations = 0
        with ExitStack() as stack:
            sides = {
                split: stack.enter_context(_open(target, head, split, options))
                for split in head.splits or ("",)
            }
            for sample in samples:
                place = f"{head.name}/images/{PurePosixPath(sample.image.file_name).name}"
                target.take(place, sample.picture)
                K = pinhole(sample, "Omni3D")  # noqa: N806
                side = sides[sample.split]
                side.add_image(_image(sample, place, K, options))
                for record in sample.annotations:
                    side.add_annotation(_annotation(record, sample, K, head, options))
                images += 1
                annotations += len(sample.annotations)
        return Summary(images, annotations)


def _file(head: DatasetHead, split: str) -> str:
    return f"Omni3D/{head.name}_{split or _UNDIVIDED}.json"


def _open(
    target: Target, head: DatasetHead, split: str, options: Omni3dOptions
) -> AbstractContextManager[CocoFile]:
    """Open the file of one side."""
    side = split or _UNDIVIDED
    info = {
        "id": options.dataset_id,
        "source": head.name,
        "name": f"{head.name} {side}",
        "split": side,
        "version": head.manifest.orbitset,
        "url": "",
    }
    categories = [
        {"id": number, "name": name, "supercategory": ""}
        for number, name in head.categories.items()
    ]
    return coco_file(target, _file(head, split), info, categories)


def _image(sample: Sample, place: str, K: Matrix3x3, options: Omni3dOptions) -> dict[str, Any]:  # noqa: N803
    return {
        "id": sample.image.id,
        "dataset_id": options.dataset_id,
        "width": sample.image.width,
        "height": sample.image.height,
        "file_path": place,
        "K": K,
        "src_90_rotate": 0,
        "src_flagged": False,
    }


def _annotation(
    record: AnnotationRecord,
    sample: Sample,
    K: Matrix3x3,  # noqa: N803
    head: DatasetHead,
    options: Omni3dOptions,
) -> dict[str, Any]:
    assert isinstance(record, BoxFields)  # the format needs these kinds
    assert isinstance(record, AmodalFields)
    x, y, w, h = record.bbox
    return {
        "id": record.id,
        "image_id": record.image_id,
        "dataset_id": options.dataset_id,
        "category_id": record.category_id,
        "category_name": category_name(record, head.categories),
        # Readers ignore what has none.
        "valid3D": not record.iscrowd,
        "bbox2D_tight": [x, y, x + w, y + h],
        **_in_space(record, head.models, K, (sample.image.width, sample.image.height)),
        "visibility": record.visibility,
        "truncation": record.truncation,
        "segmentation_pts": record.area,
        "lidar_pts": _UNKNOWN,
        "depth_error": _UNKNOWN,
    }


def _in_space(
    record: AnnotationRecord,
    models: Models,
    K: Matrix3x3,  # noqa: N803
    size: tuple[int, int],
) -> dict[str, Any]:
    """Return the box in space, and its outline in the picture as far as that is known.

    Omni3D's axes of an object are its length, down, and its width: the model's x, -z and y.
    """
    import numpy as np

    from renderer.export.box3d import box3d_of

    box = box3d_of(record, models)
    length, width, height = box.size.tolist()
    turn = np.column_stack([box.turn[:, 0], -box.turn[:, 2], box.turn[:, 1]])
    corners = box.center + np.array(_CORNERS) * (np.array([length, height, width]) / 2) @ turn.T
    behind = bool((corners[:, 2] <= 0).any())
    outline, inside = (_NOWHERE, _NOWHERE) if behind else _outlines(corners, np.array(K), size)
    return {
        "bbox2D_proj": outline,
        "bbox2D_trunc": inside,
        "bbox3D_cam": corners.round(9).tolist(),
        "center_cam": box.center.round(9).tolist(),
        "dimensions": [round(each, 9) for each in (width, height, length)],
        "R_cam": turn.round(12).tolist(),
        "behind_camera": behind,
    }


def _outlines(
    corners: Array,
    K: Array,  # noqa: N803
    size: tuple[int, int],
) -> tuple[list[float], list[float]]:
    """Return the box around corners (8, 3) in the picture, and what of it is in the frame."""
    import numpy as np

    projected = corners @ K.T
    pixels = projected[:, :2] / projected[:, 2:]
    box = np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]).round(6)
    return box.tolist(), np.clip(box, 0, (*size, *size)).tolist()


_HELD = "info, images, categories and annotations of a side"
_CONVENTIONS = (
    "Put both folders into Cube R-CNN's datasets/; file_path is relative to it.",
    "Metres; the camera's axes are OpenCV's (x right, y down, z forward).",
    "Pixels are counted from the picture's edge: the middle of the first is (0.5, 0.5), in K too.",
    "dimensions are width, height and length along the model's y, z and x; R_cam takes "
    "length, down and width to the camera's axes, and bbox3D_cam has the corners v0 to v7.",
    "bbox2D_tight is around what is seen, bbox2D_proj around the projected box in space, and "
    "bbox2D_trunc what of that is in the frame; -1 where a corner is behind the camera.",
    "visibility is in the frame, truncation beyond it; segmentation_pts counts visible pixels; "
    "lidar_pts and depth_error are -1, unknown.",
    "What is to be ignored has valid3D false.",
)
_LOADING = """\
from pycocotools.coco import COCO
coco = COCO("{file}")
print(coco.loadAnns(coco.getAnnIds())[:1])
"""
