"""Soft mattes: how much of each pixel the visible surface of an object covers.

Only pixels on an outline are looked at, those with another object or nothing beside them by the
index: rays through some points of each say whose surface is met first. All other pixels are
covered by one object or none. What lies between the pixel centres altogether, thinner than a pixel
and far from any outline, is in no matte.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.geometry.crop import Mask
from renderer.geometry.raycast import tracer_for
from renderer.shot.scene import Instance
from renderer.truth.view import Ints, ViewTruth

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Int64s = npt.NDArray[np.int64]

# A lattice of Fibonacci's: of a straight outline through a pixel it tells the share to 0.015 in the
# mean of all directions, and to 0.007 along rows and columns, where a square grid is at 0.04.
POINTS, _TURN = 34, 21
_X = (np.arange(POINTS) + 0.5) / POINTS
_Y = (np.arange(POINTS) * _TURN + 0.5) / POINTS % 1
_AT_ONCE = 1 << 15


@dataclass(frozen=True)
class _Outline:
    """The pixels on outlines: ``number`` (h, w) int32 counts them, -1 elsewhere."""

    number: Ints
    rows: Int64s
    columns: Int64s


def mattes(truth: ViewTruth) -> list[Bytes]:
    """Return a matte (h, w) of each labelled object, 255 where it covers all of a pixel; those of a
    pixel never sum to more. An object that rays cannot follow has its mask.
    """
    outline = _outline(truth.index)
    owners = _owners(truth, outline)
    return [_matte(truth, entry, outline, owners) for entry in truth.labelled]


def _outline(index: Ints) -> _Outline:
    edge = outline_pixels(index)
    rows, columns = np.nonzero(edge)
    number = np.full(index.shape, -1, np.int32)
    number[rows, columns] = np.arange(len(rows))
    return _Outline(number, rows, columns)


def outline_pixels(index: Ints) -> Mask:
    """Tell (h, w) which pixels have one of another number among the eight around them."""
    edge = np.zeros(index.shape, np.bool_)
    whole, first, last = slice(None), slice(1, None), slice(None, -1)
    for one, other in (
        ((whole, first), (whole, last)),
        ((first, whole), (last, whole)),
        ((first, first), (last, last)),
        ((first, last), (last, first)),
    ):
        differs = index[one] != index[other]
        edge[one] |= differs
        edge[other] |= differs
    return edge


def _owners(truth: ViewTruth, outline: _Outline) -> npt.NDArray[np.int32]:
    """Return (n, points) which instance each point of the outlines' pixels is of, 0 for none."""
    nearest = np.full((len(outline.rows), POINTS), np.inf, np.float32)
    owners = np.zeros(nearest.shape, np.int32)
    for entry in truth.shot.objects:
        if not truth.shows(entry) or not truth.casting.follows(entry):
            continue
        near = _near(truth, entry, outline)
        for at in range(0, len(near), _AT_ONCE):
            some = near[at : at + _AT_ONCE]
            depth = _depth(truth, entry, outline.columns[some], outline.rows[some])
            nearer = depth < nearest[some]
            nearest[some] = np.where(nearer, depth, nearest[some])
            owners[some] = np.where(nearer, entry.instance, owners[some])
    # What hides behind a mask that rays cannot follow has none of its pixels.
    hard = [each.instance for each in truth.shot.objects if not truth.casting.follows(each)]
    owners[np.isin(truth.index[outline.rows, outline.columns], hard)] = 0
    return owners


def _near(truth: ViewTruth, entry: Instance, outline: _Outline) -> Int64s:
    """Return the numbers of the outlines' pixels that are of an object, or beside it."""
    crop = truth.visible(entry)
    top, left = max(crop.top - 1, 0), max(crop.left - 1, 0)
    part = slice(top, crop.part[0].stop + 1), slice(left, crop.part[1].stop + 1)
    mine = (truth.index[part] == entry.instance).astype(np.uint8)
    around = cv2.dilate(mine, np.ones((3, 3), np.uint8)) > 0
    numbers = outline.number[part][around]
    return numbers[numbers >= 0].astype(np.int64)


def _depth(truth: ViewTruth, entry: Instance, columns: Int64s, rows: Int64s) -> Floats:
    """Return the depth (n, points) of an object in n pixels, infinite where it is not or the floor
    is before it.
    """
    rays = truth.camera.rays((columns[:, None] + _X).ravel(), (rows[:, None] + _Y).ravel())
    casting = truth.casting
    depth = tracer_for(casting.cache, entry.asset).depth(casting.to_camera(entry), rays)
    if casting.may_be_below_floor(entry):
        depth[casting.floor_along(rays) < depth] = np.inf
    return depth.reshape(len(rows), POINTS)


def _matte(truth: ViewTruth, entry: Instance, outline: _Outline, owners: Ints) -> Bytes:
    width, height = truth.camera.resolution
    matte, crop = np.zeros((height, width), np.uint8), truth.visible(entry)
    matte[crop.part] = crop.mask * np.uint8(255)
    if truth.casting.follows(entry):
        near = _near(truth, entry, outline)
        met = (owners[near] == entry.instance).sum(axis=1)
        # Rounded down, so that those of a pixel never sum to more than 255.
        matte[outline.rows[near], outline.columns[near]] = met * 255 // POINTS
    return matte
