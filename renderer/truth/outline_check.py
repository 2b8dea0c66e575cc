"""Masks of a dataset against outlines that are ray cast: what is wrong, and what only rounding."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.geometry.crop import Crop
from renderer.shot.scene import Instance
from renderer.truth.mask import encode_crop
from renderer.truth.polygon import crop_to_polygons
from renderer.truth.ray_casting import RayCasting

Ints = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# By how many pixels float32 moves an outline in the engine.
_REACH_PX = 0.01
# By what share of a depth it moves a surface.
_TIE = 1e-5


def segmentation(crop: Crop, how: str) -> Any:
    """Return a mask as COCO has it: ``rle`` or ``polygon``."""
    return crop_to_polygons(crop) if how == "polygon" else encode_crop(crop)


def few(pixels: float) -> float:
    """Return how many of some pixels may differ: one in 1,000, which only rounding on an outline
    does.
    """
    return max(2.0, pixels / 1000)


def edges_apart(one: Sequence[float], other: Sequence[float], outwards: bool = False) -> float:
    """Return by how many pixels the edges of two boxes (x, y, w, h) differ at most.

    Args:
        one: a box.
        other: another.
        outwards: count only where the other reaches farther.

    """
    (left, top, width, height), (x, y, w, h) = one, other
    edges = np.array([left - x, top - y, x + w - left - width, y + h - top - height])
    return float((edges if outwards else np.abs(edges)).max())


def wrong_pixels(casting: RayCasting, index: Ints, stored: Ints, unmasked: Collection[int]) -> int:
    """Return how many pixels belong to something else than the scene says.

    An object whose opacity rays cannot follow may have holes: through it anything may be seen that
    is behind it. A centre that an outline runs through may fall to either side of it. What has no
    label has no mask.

    Args:
        casting: the view.
        index: (h, w) instance of each pixel by rays alone.
        stored: (h, w) by the masks of a dataset.
        unmasked: instances of the objects that have no mask there, by right.

    """
    objects, without = casting.shot.objects, list(unmasked)
    wrong = np.where(np.isin(index, without), 0, index) != stored
    untraceable = [each for each in objects if not casting.follows(each)]
    if untraceable:
        behind = casting.first(solid=False).instance
        behind[np.isin(behind, without)] = 0
        veiled = np.isin(index, [each.instance for each in untraceable])
        wrong &= ~(veiled & (stored == behind))
        for each in untraceable:
            crop = casting.silhouette(each).crop
            wrong[crop.part] &= ~((stored[crop.part] == each.instance) & crop.mask)
    rows, columns = np.nonzero(wrong)
    if len(rows):
        wrong[rows, columns] = ~_explained(casting, columns, rows, stored[rows, columns], unmasked)
    return int(wrong.sum())


def _explained(
    casting: RayCasting,
    columns: Int64s,
    rows: Int64s,
    claimed_by: Ints,
    unmasked: Collection[int],
) -> npt.NDArray[np.bool_]:
    """Tell of n pixels whether the instance (n,) that has them may be first by rounding."""
    depths = np.stack(casting.depths_around(columns, rows, _REACH_PX))
    # Whatever has no mask counts as nothing, as the floor does.
    numbers = [each.instance for each in casting.shot.objects]
    instances = [0 if number in unmasked else number for number in numbers]
    claimed = claimed_by[None] == np.array([*instances, 0])[:, None]
    own = np.where(claimed[:, None], depths, np.inf).min(axis=0)
    nearest = depths.min(axis=0)
    # Of surfaces in one place either may be the first; nothing is in front of nothing.
    first = claimed.any(axis=0) & (own <= nearest * (1 + _TIE))
    nothing = (claimed_by == 0) & ~np.isfinite(nearest)
    explained: npt.NDArray[np.bool_] = (first & np.isfinite(own) | nothing).any(axis=0)
    return explained


def wrong_outline(
    casting: RayCasting, entry: Instance, found: Crop, made: Crop, exact: bool
) -> int:
    """Return how many pixels of an amodal mask are not those of the scene.

    Args:
        casting: the view.
        entry: the object.
        found: the mask of a dataset.
        made: the mask of the scene.
        exact: whether the scene's has no holes that only an engine knows of.

    """
    surplus = made.lacks(found)
    differing = surplus | found.lacks(made) if exact else surplus
    rows, columns = (np.nonzero(differing.mask)[axis] for axis in (0, 1))
    if not len(rows):
        return 0
    rows, columns = rows + differing.top, columns + differing.left
    at = next(n for n, each in enumerate(casting.shot.objects) if each.instance == entry.instance)
    hit = np.isfinite(casting.depths_around(columns, rows, _REACH_PX)[at])
    return int((hit != found.full()[rows, columns]).all(axis=0).sum())
