"""Crops against whole masks: every operation as numpy does it on the frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco_mask

from renderer.geometry.crop import Crop
from renderer.truth.mask import encode_crop

shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
pairs = shapes.flatmap(lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


@given(pairs)
def test_two_masks(masks: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = (Crop.whole(mask) for mask in masks)
    assert (one.full() == masks[0]).all()
    assert one.area == masks[0].sum()
    assert ((one | other).full() == (masks[0] | masks[1])).all()
    assert (one.lacks(other).full() == (masks[1] & ~masks[0])).all()
    assert (one.within(other) == masks[0][other.part]).all()


@given(shapes.flatmap(lambda shape: arrays(bool, shape)))
def test_run_lengths_are_those_of_pycocotools(mask: np.ndarray) -> None:
    theirs = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    ours = encode_crop(Crop.whole(mask))
    assert ours == {"size": list(mask.shape), "counts": theirs["counts"].decode()}
    assert (coco_mask.decode(ours) == mask).all()


def test_a_crop_costs_its_own_box() -> None:
    mask = np.zeros((3000, 4000), bool)
    mask[1000:1010, 2000:2020] = True
    crop = Crop.whole(mask)
    assert crop.mask.shape == (10, 20)
    assert crop.box == (2000, 1000, 20, 10)
    assert (coco_mask.decode(encode_crop(crop)) == mask).all()


@pytest.mark.parametrize("step", [(0, 0), (5, 3), (-4, 2), (40, 0), (0, 40)])
def test_boxes_that_do_not_meet(step: tuple[int, int]) -> None:
    one = Crop(np.ones((4, 6), bool), 20, 20, (100, 80))
    other = Crop(np.ones((3, 3), bool), 20 + step[0], 20 + step[1], (100, 80))
    assert (one.within(other) == one.full()[other.part]).all()
    assert ((one | other).full() == (one.full() | other.full())).all()
