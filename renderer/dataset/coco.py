"""COCO records of a shot, with extras of our own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from renderer.shot.scene import Instance
from renderer.shot.shot import ImageOf, Shot

Record = dict[str, Any]


def unseen_warning(category: str) -> str:
    """Return what an image says that has objects of a category without a label."""
    return (
        f"{category} has no visible pixel, and so no label: hidden, beyond the frame, or smaller "
        "than a pixel"
    )


def image_record(
    shot: Shot, image: ImageOf, digest: str, brightness: float, warnings: Iterable[str]
) -> Record:
    """Return the COCO image of an image of a shot.

    Args:
        shot: the shot.
        image: which of its images.
        digest: BLAKE2b-128 of the image file, by which ``dataset validate`` knows it again.
        brightness: mean display luma of the picture, 0..1.
        warnings: what is to be known of the image, each a sentence.

    """
    camera = image.view.camera
    width, height = camera.resolution
    return {
        "id": image.id,
        "file_name": image.file_name,
        "width": width,
        "height": height,
        "camera": {
            "K": camera.K,
            "world_to_camera": camera.world_to_camera,
            "distortion": None
            if camera.distortion is None
            else camera.distortion.model_dump(mode="json"),
        },
        "shot": shot.index,
        "view": image.view.name,
        "variant": image.number,
        "scenario": None,
        "group": None,
        "azimuth_deg": image.view.azimuth_deg,
        "elevation_deg": image.view.elevation_deg,
        "brightness": round(brightness, 4),
        "files": {"picture": {"path": image.file_name, "blake2b": digest}},
        "warnings": list(warnings),
    }


def annotation_record(entry: Instance, category_id: int, fields: Record) -> Record:
    """Return the COCO annotation of an object of a shot (without its ids).

    Args:
        entry: the object.
        category_id: of its category.
        fields: those of the label kinds.

    """
    return {
        "category_id": category_id,
        "iscrowd": 0,
        **fields,
        "asset": entry.file,
        "instance": entry.instance,
    }
