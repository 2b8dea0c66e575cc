"""Polygons decode (by pycocotools) to the very mask they came from, whatever its shape."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask

from renderer.geometry.crop import Crop
from renderer.truth.mask import decode_rle, encode_rle
from renderer.truth.polygon import mask_to_polygons


def decoded(mask: np.ndarray) -> np.ndarray:
    height, width = mask.shape
    polygons = mask_to_polygons(mask)
    if not polygons:
        return np.zeros_like(mask)
    runs = coco_mask.frPyObjects(polygons, height, width)
    return coco_mask.decode(coco_mask.merge(runs)).astype(bool)


@settings(max_examples=300, deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)))
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    """Random masks are the worst case: holes in parts in holes, diagonal touches, frame edges."""
    assert (decoded(mask) == mask).all()


def test_shapes_people_meet() -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:40, 5:50] = True
    mask[15:25, 10:20] = False  # a hole
    mask[30:35, 30:45] = False  # another
    mask[45:58, 60:80] = True  # split off, at the frame's edge
    y, x = np.mgrid[:60, :80]
    mask |= (x - 65) ** 2 + (y - 15) ** 2 < 100
    assert len(mask_to_polygons(mask)) == 3
    assert (decoded(mask) == mask).all()


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30)))
@settings(deadline=None, max_examples=60)
def test_rle_and_box(mask: np.ndarray) -> None:
    rle = encode_rle(mask)
    assert (decode_rle(rle) == mask).all()
    assert rle["size"] == list(mask.shape)
    if mask.any():
        theirs = coco_mask.toBbox({"size": rle["size"], "counts": rle["counts"].encode()})
        assert list(Crop.whole(mask).box) == theirs.tolist()
    else:
        assert Crop.whole(mask).area == 0
