"""Masks as one ring of points, for formats that know one polygon an object."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord
from renderer.export.sample import Sample
from renderer.geometry.crop import Crop
from renderer.truth.kinds.mask import MaskFields
from renderer.truth.mask import to_mask
from renderer.truth.polygon import Points, crop_to_loops

Ring = npt.NDArray[np.float64]

# By so many pixels a ring lies inside the edges of its pixels. Readers who cut coordinates to whole
# pixels and fill what is between, these included, get the mask; on the edges they would get a row
# of pixels more on the right and below. It is more than what eight digits or single precision can
# move a point by, and too little for COCO's filling, which looks at fifths of a pixel.
INSET = 0.01


def crop_of(sample: Sample, record: AnnotationRecord) -> Crop:
    """Return the visible mask of an object.

    Raises:
        DatasetError: it cannot be decoded, or has no pixel.

    """
    assert isinstance(record, MaskFields)  # the format needs that kind
    try:
        mask = to_mask(record.segmentation, sample.image.height, sample.image.width)
    except ValueError as error:
        raise DatasetError(f"annotation {record.id} has a damaged mask: {error}") from None
    crop = Crop.whole(mask)
    if not crop.area:
        raise DatasetError(f"annotation {record.id} has a mask without a pixel")
    return crop


def ring_of(crop: Crop) -> Ring:
    """Return a ring (n, 2) of x, y in pixels around a mask, just inside the edges of its pixels.

    Further parts and holes are joined to the ring at the nearest of its corners, by a line that is
    walked both ways: under the even-odd rule it has no area, and holes stay holes.
    """
    loops = [loop for part in crop_to_loops(crop) for loop in part]
    ring = _inside(loops[0])
    for loop in loops[1:]:
        ring = _joined(ring, _inside(loop))
    return ring


def _inside(loop: Points) -> Ring:
    """Move corners off the pixels' edges towards the mask, which is on the right hand."""
    ahead = np.sign(np.roll(loop, -1, axis=0) - loop)
    right = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return np.asarray(loop + INSET * (right + np.roll(right, 1, axis=0)), np.float64)


def _joined(ring: Ring, loop: Ring) -> Ring:
    from scipy.spatial import cKDTree  # takes as long to import as all of this room

    gaps, nearest = cKDTree(ring).query(loop)
    start = int(gaps.argmin())
    at, turned = int(nearest[start]), np.roll(loop, -start, axis=0)
    return np.concatenate([ring[: at + 1], turned, turned[:1], ring[at:]])
