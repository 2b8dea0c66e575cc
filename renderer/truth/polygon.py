"""Masks → COCO polygons along pixel edges that decode back to the same pixels.

Each connected part becomes one polygon. Its holes are joined to its outline by bridges of no
width: a COCO polygon is filled by the even-odd rule, under which a bridge walked both ways cancels
out. Pixel-edge outlines are exact; outlines through pixel centres (cv2.findContours) lose half a
pixel all round.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from renderer.geometry.crop import Crop, Mask

Points = npt.NDArray[np.int64]
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def mask_to_polygons(mask: Mask) -> list[list[float]]:
    """Return COCO polygons [[x0, y0, x1, y1, ...], ...] in pixel-edge coordinates, (h, w) mask."""
    return crop_to_polygons(Crop.whole(mask))


def crop_to_polygons(crop: Crop) -> list[list[float]]:
    """Return the COCO polygons of a mask of a frame, in the frame's coordinates."""
    return [[float(value) for value in _bridge(part).ravel()] for part in crop_to_loops(crop)]


def crop_to_loops(crop: Crop) -> Iterator[list[Points]]:
    """Yield the closed chains of corners (n, 2) around each connected part of a mask of a frame, in
    the frame's coordinates: the outer one first, then those of its holes. Edges run along the
    pixels' edges with the part on their right hand; no chain repeats its first corner.
    """
    from scipy import ndimage  # takes as long to import as all of this room

    if not crop.area:
        return
    count, labels = cv2.connectedComponents(crop.mask.astype(np.uint8), connectivity=4)
    places = ndimage.find_objects(labels)
    for part in range(1, count):
        rows, columns = places[part - 1]
        corner = np.array([crop.left + columns.start, crop.top + rows.start])
        yield [loop + corner for loop in _boundary_loops(labels[rows, columns] == part)]


def _boundary_loops(part: Mask) -> list[Points]:
    """Return the closed corner chains around a 4-connected part, the outer one first.

    Edges run with the part on their right hand, so the outline is clockwise on screen; where two
    pixels touch at a corner only, the walk turns right and keeps loops apart from each other.
    """
    padded = np.pad(part, 1)
    inside = padded[1:-1, 1:-1]
    # Start corners of edges that run right, down, left, up.
    starts = [
        np.argwhere(inside & ~padded[:-2, 1:-1]),
        np.argwhere(inside & ~padded[1:-1, 2:]) + np.array([0, 1]),
        np.argwhere(inside & ~padded[2:, 1:-1]) + np.array([1, 1]),
        np.argwhere(inside & ~padded[1:-1, :-2]) + np.array([1, 0]),
    ]
    edges = {(int(column), int(row), way): None for way in range(4) for row, column in starts[way]}
    loops = []
    while edges:
        # Dictionaries keep order: the first edge left is on the topmost row, so of the outer loop.
        x, y, way = next(iter(edges))
        corners: list[tuple[int, int]] = []
        while (x, y, way) in edges:
            del edges[x, y, way]
            corners.append((x, y))
            x, y = x + _STEPS[way][0], y + _STEPS[way][1]
            turns = ((way + 1) % 4, way, (way - 1) % 4)
            way = next((turn for turn in turns if (x, y, turn) in edges), way)
        loops.append(np.array(_without_straights(corners), np.int64))
    return loops


def _without_straights(corners: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept = []
    for at, (x, y) in enumerate(corners):
        (x0, y0), (x1, y1) = corners[at - 1], corners[(at + 1) % len(corners)]
        if not (x0 == x == x1 or y0 == y == y1):
            kept.append((x, y))
    return kept


def _bridge(loops: list[Points]) -> Points:
    """Return one ring: the outline with each hole spliced in at its nearest corner."""
    ring = loops[0]
    for hole in loops[1:]:
        gaps = np.abs(ring[:, None] - hole[None]).sum(axis=2)
        at, start = np.unravel_index(int(gaps.argmin()), gaps.shape)
        turned = np.roll(hole, -int(start), axis=0)
        ring = np.concatenate([ring[: at + 1], turned, turned[:1], ring[at:]])
    return ring
