"""Which keys move measures of boxes, and how."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from renderer.dataset.compare.drawn import Drawn
from renderer.dataset.compare.measures import Floats, Values
from renderer.dataset.compare.response import LINEAR, LOG, WHOLE, Axis, Key, Response
from renderer.values.key import KeyPath
from renderer.values.number import Number, support

_ORBIT: KeyPath = ("camera", "orbit")
# A correlation as strong is none of chance: t of Student, of that many images.
_SURE, _FEW = 4.0, 20


def size_response(drawn: Drawn, values: Values) -> Response:
    """Return how box sizes follow what says how near the camera is: in proportion."""
    camera = drawn.recipe.camera
    object_px = getattr(camera, "object_px", None)
    if object_px is not None:
        of_image = drawn.number("camera.object_px", object_px, once=True)
        shorter = float(min(camera.resolution))
        key = _key(("camera", "object_px"), LOG, 4.0, shorter, of_image, values)
        return Response.straight(key, values.values, 1.0)
    if camera.orbit.distance_m is not None:
        of_image = drawn.number("camera.orbit.distance_m", camera.orbit.distance_m)
        low, high = _around(of_image)
        key = _key((*_ORBIT, "distance_m"), LOG, low, high, of_image, values)
        return Response.straight(key, values.values, -1.0)
    of_image = drawn.number("camera.orbit.fill", camera.orbit.fill_or_default)
    key = _key((*_ORBIT, "fill"), LOG, 0.02, 1.0, of_image, values)
    return Response.straight(key, values.values, 1.0)


def place_response(drawn: Drawn, values: Values, axis: int, growth: float) -> Response:
    """Return how boxes move with the framing: within what the subject leaves free.

    Args:
        drawn: what was drawn.
        values: places of boxes across (axis 0) or down (1).
        axis: which.
        growth: how much larger the subject is to be than it was, by another key.

    """
    orbit, name = drawn.recipe.camera.orbit, "xy"[axis]
    of_image = drawn.number(f"camera.orbit.framing.{name}", orbit.framing[axis])
    key = _key((*_ORBIT, "framing", axis), LINEAR, -1.0, 1.0, of_image, values)
    spans = np.array([_span(each.boxes, axis) / each.size[axis] for each in drawn.images])
    framed = orbit.distance_m is None
    free = 1 - spans[values.image] if framed else np.ones(len(values.values))
    later = 1 - np.minimum(spans[values.image] * growth, 1) if framed else free
    # Where in the subject a box is: its way from the subject's middle grows with it.
    middle = 0.5 + key.drawn * free / 2
    moved = 0.5 + key.drawn * later / 2 + (values.values - middle) * growth
    return Response.straight(key, moved, later / 2)


def _span(boxes: Floats, axis: int) -> float:
    """Return how far boxes reach, from the first to the last, in pixels."""
    if len(boxes) == 0:
        return 0.0
    return float((boxes[:, axis] + boxes[:, axis + 2]).max() - boxes[:, axis].min())


def count_response(drawn: Drawn, values: Values) -> Response:
    """Return how the number of objects follows the count of the entry that has the most."""
    from renderer.plan.placement import spec_paths

    specs, paths = drawn.recipe.objects, spec_paths(drawn.recipe)
    at = int(np.argmax([sum(support(spec.count)) for spec in specs]))
    of_image = np.round(drawn.number(f"{paths[at]}.count", specs[at].count, once=True))
    most = max(4 * support(specs[at].count)[1], 2 * float(np.max(values.values, initial=0)), 10)
    key = _key(("objects", at, "count"), WHOLE, 0.0, min(most, 1000), of_image, values)
    return Response.straight(key, values.values, 1.0)


def aspect_response(drawn: Drawn, values: Values) -> Response | None:
    """Return how the aspect of boxes follows the camera's elevation, where it does."""
    value = drawn.recipe.camera.orbit.elevation_deg
    of_image = drawn.number("camera.orbit.elevation_deg", value)
    return _learnt((*_ORBIT, "elevation_deg"), -89.0, 89.0, of_image, values)


def overlap_response(drawn: Drawn, values: Values) -> Response | None:
    """Return how the overlap of boxes follows the gap between objects, where it does."""
    value: Number = drawn.recipe.arrangement.gap
    of_image = drawn.number("arrangement.gap", value, once=True)
    return _learnt(("arrangement", "gap"), 0.0, 5.0, of_image, values)


def _learnt(
    path: KeyPath, low: float, high: float, of_image: Floats, values: Values
) -> Response | None:
    """Return a straight response as the dataset itself shows it, none where it shows none."""
    key = _key(path, LINEAR, low, high, of_image, values)
    known = np.isfinite(key.drawn)
    images = len(np.unique(values.image[known]))
    if images < _FEW or np.ptp(key.drawn[known]) == 0:
        return None
    x = key.drawn[known] - key.drawn[known].mean()
    slope = float(x @ values.values[known] / (x @ x))
    rest = values.values[known] - values.values[known].mean() - slope * x
    # Objects of an image are no witnesses of their own.
    error = float(np.sqrt((rest @ rest) / (x @ x) / images))
    if abs(slope) < _SURE * max(error, 1e-12):
        return None
    return Response.straight(key, values.values, slope)


def _key(
    path: KeyPath, axis: Axis, low: float, high: float, of_image: Floats, values: Values
) -> Key:
    return Key(path, axis, low, high, of_image[values.image])


def _around(numbers: Floats) -> tuple[float, float]:
    known = numbers[np.isfinite(numbers)]
    return (float(known.min()) / 20, float(known.max()) * 20) if len(known) else (1e-3, 1e3)


def with_counts(drawn: Drawn, ours: Mapping[str, Values], real: Values) -> dict[str, Values]:
    """Return measures of boxes as they would be of as many objects as the real set has: in a frame
    that they fill together, each is the smaller the more there are, and hides more of the others.
    """
    counts = np.array([max(len(each.boxes), 1) for each in drawn.images])
    more = float(np.log2(max(np.mean(real.values), 0.5) / np.mean(counts)))
    found = dict(ours)
    for name, usual in (("size", -0.5), ("overlap", 0.0), ("aspect", 0.0)):
        values = ours[name]
        x = np.log2(counts)[values.image]
        x = x - x.mean()
        slope = float(x @ values.values / (x @ x)) if np.ptp(x) > 0 else usual
        moved = values.values + slope * more
        found[name] = Values(np.maximum(moved, 0) if name == "overlap" else moved, values.image)
    return found
