"""COCO records of a shot: what its plan decides of them; labels come from their kinds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from renderer.dataset.records import (
    CameraRecord,
    FileRecord,
    ImageRecord,
    LabelRecord,
)
from renderer.shot.scene import Instance
from renderer.shot.shot import ImageOf, Shot


def unlabelled_warning(category: str) -> str:
    """Return what an image says that has objects of a category without a label."""
    return (
        f"{category} has no visible pixel, and so no label: hidden, beyond the frame, or smaller "
        "than a pixel"
    )


def image_record(
    shot: Shot,
    image: ImageOf,
    files: Mapping[str, FileRecord],
    brightness: float,
    warnings: Iterable[str],
    dropped: Mapping[str | None, int] | None = None,
) -> ImageRecord:
    """Return the core of the record of an image of a shot.

    Args:
        shot: the shot.
        image: which of its images.
        files: its files by name, the picture among them.
        brightness: mean display luma of the picture, 0..1.
        warnings: what is to be known of the image, each a sentence.
        dropped: how many objects of which category have no label for showing too little.

    """
    camera = image.view.camera
    width, height = camera.resolution
    return ImageRecord(
        id=image.id,
        file_name=image.file_name,
        width=width,
        height=height,
        camera=CameraRecord(
            K=camera.K, world_to_camera=camera.world_to_camera, distortion=camera.distortion
        ),
        shot=shot.index,
        view=image.view.name,
        variant=image.number,
        views=linked_views(shot, image),
        scenario=shot.scenario,
        azimuth_deg=image.view.azimuth_deg,
        elevation_deg=image.view.elevation_deg,
        brightness=round(brightness, 4),
        files=dict(files),
        dropped={category or "": count for category, count in (dropped or {}).items()},
        warnings=tuple(warnings),
    )


def linked_views(shot: Shot, image: ImageOf) -> dict[str, int]:
    """Return the ids of the images of the same variant by their views' names; of one view none."""
    if len(shot.views) == 1:
        return {}
    return {each.view.name: each.id for each in shot.images if each.number == image.number}


def file_record(path: str, content: bytes) -> FileRecord:
    """Return the record of a file of an image, by which ``dataset validate`` knows it again."""
    return FileRecord(path=path, blake2b=hashlib.blake2b(content, digest_size=16).hexdigest())


def label_record(entry: Instance, category_id: int, ignored: bool = False) -> LabelRecord:
    """Return the core of what is said of an object that an image shows."""
    return LabelRecord(
        category_id=category_id, iscrowd=int(ignored), instance=entry.instance, asset=entry.file
    )
