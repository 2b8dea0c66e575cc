"""The camera by one object's size in pixels: which object, and from how far it is so large."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renderer.plan.framing import FrameTangents, place_at_distance
from renderer.plan.placed import Placed
from renderer.recipe.camera import Camera
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
Turn = tuple[Array, Array]

# Halvings of the span of distances: to a millionth of a pixel.
_STEPS = 60


def measured(camera: Camera, placed: Sequence[Placed], stream: Stream) -> Placed | None:
    """Return the object that ``object_px`` is the size of: each is as likely, and it is the same in
    all poses of an image. None where the recipe does not say it, or there is no object.
    """
    labelled = [each for each in placed if each.entry.category is not None]
    if camera.object_px is None or not labelled:
        return None
    unit = stream.again(0).unit("camera.object_px", "object")
    return labelled[int(unit * len(labelled))]


def distance_for_size(
    points: Array,
    views: Sequence[Turn],
    frame: FrameTangents,
    sides: tuple[float, float],
    framing: tuple[float, float],
) -> float:
    """Return the distance at which an object spans exactly one of ``sides`` in the view that shows
    it largest, and no more than the other in any.

    Args:
        points: (n, 3) its corners from its centre, in the world.
        views: of each camera its rotation (3, 3), world to camera, and how far it stands from where
            the distance is measured (3,), in the world.
        frame: the frame of all.
        sides: shares of the frame's width and of its height.
        framing: where the centre is seen, as in ``place_at_distance``.

    """
    reach = float(np.linalg.norm(points, axis=1).max())
    low = max(-float((points @ rotation[2]).min()) for rotation, _ in views)
    high = low + reach
    while _excess(points, views, frame, sides, framing, high) > 1:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _excess(points, views, frame, sides, framing, middle) > 1:
            low = middle
        else:
            high = middle
    return high


def _excess(
    points: Array,
    views: Sequence[Turn],
    frame: FrameTangents,
    sides: tuple[float, float],
    framing: tuple[float, float],
    distance: float,
) -> float:
    """Return how many times its size an object has from a distance; it falls as that grows."""
    largest = 0.0
    for rotation, shift in views:
        stand = place_at_distance(np.zeros(3), rotation, frame, distance, framing) + shift
        q = (points - stand) @ rotation.T
        if q[:, 2].min() <= 0:
            return math.inf
        spans = np.ptp(q[:, :2] / q[:, 2:], axis=0) / (2 * np.array(frame.halves))
        largest = max(largest, float((spans / sides).max()))
    return largest
