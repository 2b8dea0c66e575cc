"""Maps of a number a pixel that says whose the pixel is: painted, compared and shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ImageColor

from renderer.colour.palette import colour_of
from renderer.geometry.crop import Mask
from renderer.truth.canvas import Canvas
from renderer.truth.outline_check import few
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import Ints, ViewTruth

Numbers = npt.NDArray[Any]

_OPACITY, _VOID_OPACITY = 0.75, 0.4
# Void is striped: so many pixels of the frame are a stripe.
_STRIPE = 4


def paint(index: Ints, values: Mapping[int, int], elsewhere: int, dtype: Any) -> Numbers:
    """Return a map (h, w): the value of each pixel's instance.

    Args:
        index: (h, w) instance of each pixel, 0 for none.
        values: by instance.
        elsewhere: the value of all other pixels.
        dtype: of the map.

    """
    largest = max(int(index.max(initial=0)), *values, 0)
    table = np.full(largest + 1, elsewhere, dtype)
    table[list(values)] = list(values.values())
    return table[index]


def map_problems(
    found: Numbers,
    values: Mapping[int, int],
    elsewhere: int,
    void: int,
    stored: StoredLabels,
    truth: ViewTruth | None,
) -> Iterator[str]:
    """Yield what is wrong with a map, to follow its name: each pixel of a mask has the value of its
    object, and what no mask tells is as the scene has it but for rounding on an outline.

    Args:
        found: (h, w) the map.
        values: what the pixels of each instance should be, by the annotations.
        elsewhere: what all others should be.
        void: what those of dropped objects should be.
        stored: the image.
        truth: the view by rays; None where its models are not at hand.

    """
    scene = truth is not None and stored.agrees and stored.complete
    if truth is not None and scene:
        index, known = stored.seen(truth).index, ~stored.unclear(truth)
    elif stored.masked:
        index, known = stored.index, np.ones(found.shape, np.bool_)
    else:
        return
    values = {**values, **dict.fromkeys(stored.dropped, void)}
    made = paint(index, values, elsewhere, found.dtype)
    off = (found != made) & known
    rounded = np.full(found.shape, not stored.masked)
    if stored.dropped:  # no mask says which pixels they have
        rounded |= (made == void) | ((found == void) & (made == elsewhere))
    if not scene:
        off &= ~rounded
    wrong = (off & ~(rounded & _beside(found, made))).any()
    if wrong or (off & rounded).sum() > few(int((made != elsewhere).sum())):
        yield f"{int(off.sum())} pixels disagree with its {'scene' if scene else 'masks'}"


def _beside(found: Numbers, made: Numbers) -> Mask:
    """Tell (h, w) where a value is that of the pixel or one beside it."""
    height, width = made.shape
    around = np.pad(made, 1, mode="edge")
    like = np.zeros(made.shape, np.bool_)
    for row in range(3):
        for column in range(3):
            like |= found == around[row : row + height, column : column + width]
    return like


def show(canvas: Canvas, shown: Numbers, void: int | None = None) -> None:
    """Lay a map over the picture: a colour for each number, 0 left out, void striped, and a dark
    line between two numbers.

    Args:
        canvas: what is drawn on.
        shown: (h, w) the map.
        void: the number that is void.

    """
    numbers, which = np.unique(shown, return_inverse=True)
    inks = [ImageColor.getrgb(colour_of(int(number)))[:3] for number in numbers]
    colours = np.array(inks, np.uint8)[which].reshape(*shown.shape, 3)
    share = np.where(shown == 0, 0.0, _OPACITY)
    if void is not None:
        y, x = np.indices(shown.shape)
        light = ((x + y) // _STRIPE % 2 == 0)[..., None]
        colours = np.where((shown == void)[..., None], np.where(light, 230, 25), colours)
        share = np.where(shown == void, _VOID_OPACITY, share)
    plain = shown.astype(np.float32)
    edge = cv2.morphologyEx(plain, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    colours = np.where(edge[..., None], 15, colours)
    canvas.blend(colours.astype(np.uint8), np.where(edge, 1.0, share).astype(np.float32))
