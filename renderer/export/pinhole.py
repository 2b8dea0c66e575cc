"""Cameras as formats have them that know no lens but the pinhole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from renderer.dataset.layout import DatasetError
from renderer.values.bounded import Matrix3x3

if TYPE_CHECKING:
    from renderer.export.sample import Sample


def pinhole(sample: Sample, name: str) -> Matrix3x3:
    """Return the intrinsics ``K`` of an image, pixel centres at integer + 0.5.

    Args:
        sample: the image.
        name: what the format is called.

    Raises:
        DatasetError: its lens bends.

    """
    camera = sample.image.camera
    if camera.distortion is not None:
        raise DatasetError(
            f"image {sample.image.id} is seen through a lens that bends, and {name} knows pinholes "
            "only: render with a camera without distortion"
        )
    return camera.K


def at_whole_pixels(K: Matrix3x3) -> Matrix3x3:  # noqa: N803
    """Return intrinsics by which pixel centres lie at whole numbers, as OpenCV has them."""
    (fx, skew, cx), (zero, fy, cy), last = K
    return (fx, skew, cx - 0.5), (zero, fy, cy - 0.5), last
