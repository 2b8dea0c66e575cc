"""The named points of a model: marks in its file, and what is doubtful about where points are."""

from __future__ import annotations

import re

import bpy
import numpy as np
from mathutils import Matrix

from renderer.asset import Geometry
from renderer.asset.keypoints import ModelKeypoints, Vector
from renderer.geometry.surface import distance_to_surface

# USD's names have no points in them: exporters write keypoint_tip.
_MARK = re.compile(r"keypoint[._](.+)", re.DOTALL)
# A point farther beyond the model's box, in lengths of the model, was likely meant in another unit.
_FAR = 0.5
# One farther from the surface, in lengths of the model, was not read off it.
_OFF = 0.005
_MOST_NAMED = 5


def marked_points(to_model: Matrix) -> dict[str, Vector]:
    """Return what empties of the scene are called ``keypoint.<name>``: name → metres in the model
    frame. Call it before anything of the import is taken out.

    Args:
        to_model: takes the file's world to the model frame.

    """
    graph = bpy.context.evaluated_depsgraph_get()
    found: dict[str, Vector] = {}
    for item in sorted(bpy.context.scene.objects, key=lambda each: each.name):
        named = _MARK.fullmatch(item.name) if item.type == "EMPTY" else None
        if named:
            place = to_model @ item.evaluated_get(graph).matrix_world.translation
            x, y, z = (round(float(value), 9) for value in place)
            found[named[1]] = x, y, z
    return found


def doubtful_points(keypoints: ModelKeypoints, geometry: Geometry) -> list[str]:
    """Return warnings of points that are likely not where they were meant to be."""
    points = np.array(keypoints.positions, np.float64)
    corners = geometry.vertices[geometry.triangles].astype(np.float64)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    longest = float((high - low).max())
    beyond = np.maximum(low - points, points - high).max(axis=1)
    away = distance_to_surface(points, corners)
    far = beyond > _FAR * longest
    off = ~far & (away > _OFF * longest + np.array(keypoints.inside_m))
    found = []
    if far.any():
        found.append(
            f"{_listed(keypoints, far)} far outside of the model, which is {longest:.3g} m long: "
            "points are in metres"
        )
    if off.any():
        found.append(
            f"{_listed(keypoints, off)} up to {away[off].max():.3g} m away from the surface: a "
            "point below it is never seen unless it has inside_m"
        )
    return found


def _listed(keypoints: ModelKeypoints, which: np.ndarray) -> str:
    names = [keypoints.named.names[at] for at in np.flatnonzero(which)]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    several = len(names) > 1
    lead = f"keypoint{'s' if several else ''} {', '.join(names[:_MOST_NAMED])}{more}"
    return f"{lead} lie{'' if several else 's'}"
