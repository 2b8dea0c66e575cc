"""Masks as one ring of points, for formats that know one polygon an object."""

from __future__ import annotations

from collections import defaultdict

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
Indices = npt.NDArray[np.int64]

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

    Further parts and holes are joined to it by lines from corner to corner, the shortest that join
    all, walked both ways: under the even-odd rule they have no area, and holes stay holes.
    """
    loops = [_inside(loop) for part in crop_to_loops(crop) for loop in part]
    points = np.concatenate(loops)
    ends = np.cumsum([len(loop) for loop in loops])
    owner = np.repeat(np.arange(len(loops)), np.diff(ends, prepend=0))
    lines = _shortest_lines(points, owner) if len(loops) > 1 else []
    return np.asarray(points[_walk(ends, owner, lines)], np.float64)


def _inside(loop: Points) -> Ring:
    """Move corners off the pixels' edges towards the mask, which is on the right hand."""
    ahead = np.sign(np.roll(loop, -1, axis=0) - loop)
    right = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    return np.asarray(loop + INSET * (right + np.roll(right, 1, axis=0)), np.float64)


def _shortest_lines(points: Ring, owner: Indices) -> list[tuple[int, int]]:
    """Return pairs of points between which lines join all loops, as short as they can be.

    The shortest line between two groups of points is always an edge of their triangulation.

    Args:
        points: (n, 2) those of all loops.
        owner: (n) the loop of each.

    """
    from scipy.cluster.hierarchy import DisjointSet  # takes as long to import as all of this room
    from scipy.spatial import Delaunay

    corners = Delaunay(points).simplices
    edges = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    edges = edges[owner[edges[:, 0]] != owner[edges[:, 1]]]
    lengths = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    edges = edges[np.argsort(lengths, kind="stable")]
    joined = DisjointSet(range(int(owner[-1]) + 1))
    return [(int(a), int(b)) for a, b in edges if joined.merge(owner[a], owner[b])]


def _walk(ends: Indices, owner: Indices, lines: list[tuple[int, int]]) -> list[int]:
    """Return the numbers of points on a walk around all loops, over each line there and back.

    Args:
        ends: (loops) the number behind each loop's last point.
        owner: (n) the loop of each point.
        lines: pairs of points that are joined.

    """
    across = defaultdict[int, list[int]](list)
    for a, b in lines:
        across[a].append(b)
        across[b].append(a)

    def around(start: int) -> list[int]:
        end = int(ends[owner[start]])
        first = int(ends[owner[start] - 1]) if owner[start] else 0
        return [*range(start, end), *range(first, start)]

    ahead, entered, walked = around(0)[::-1], {0}, list[int]()
    while ahead:
        point = ahead.pop()
        walked.append(point)
        for other in across.pop(point, ()):
            if owner[other] not in entered:
                entered.add(owner[other])
                ahead += [point, other, *around(other)[::-1]]
    return walked
