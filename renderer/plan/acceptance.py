"""Which poses are good enough to render: a quick look by ray casting before any rendering."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from renderer.geometry.projection import level_depth
from renderer.geometry.raycast import tracer_for
from renderer.plan.placed import Placed
from renderer.recipe.background import Background
from renderer.recipe.model import Accept, Recipe
from renderer.shot.camera import Camera, View
from renderer.shot.ground import BELOW

Array = npt.NDArray[np.float64]
Box = tuple[Array, Array]

# Of what the lens brings only a part of anywhere.
_BOUNDLESS: Box = (np.full(2, -np.inf), np.full(2, np.inf))

# Rays along each side of an object's projected box. 40 x 40 rays know a share to about 1 %.
_GRID = 40
# Of what is around a camera, too.
_EVERYWHERE: Box = (np.full(2, -np.inf), np.full(2, np.inf))
# With so many tries, more of them are no remedy.
_FEW_TRIES = 50


@dataclass(frozen=True)
class Rejection:
    """Why a pose is not good enough.

    Attributes:
        kind: what would have to be otherwise.
        reason: part of a sentence, the same in every pose that fails alike.

    """

    kind: Literal[
        "camera below floor",
        "camera in object",
        "outside frame",
        "not cut",
        "hidden",
        "goal",
        "moving",
        "not at rest",
        "fell over",
        "does not fit",
        "beside the bin",
    ]
    reason: str


@dataclass(frozen=True)
class Beyond:
    """How much of itself an object may have beyond the frame.

    Attributes:
        most: of any.
        own: of single ones, by instance.
        cut: the instance of which some has to be beyond, if any.

    """

    most: float
    own: Mapping[int, float]
    cut: int | None = None

    @staticmethod
    def of(
        accept: Accept, measured: Placed | None, cut: Placed | None, limit: float | None
    ) -> Beyond:
        """Return what holds for one image.

        Where one object's size in pixels is said, ``max_truncation`` is that one's: what stands
        around it may be anywhere. Where one is cut, the limit of that holds in its place.
        """
        if measured is None:
            most = accept.max_truncation
            if cut is not None and limit is not None:
                return Beyond(max(most, limit), {cut.entry.instance: limit}, cut.entry.instance)
            return Beyond(most, {})
        instance = measured.entry.instance
        if limit is not None:
            return Beyond(1.0, {instance: limit}, instance)
        return Beyond(1.0, {instance: accept.max_truncation})

    def of_instance(self, instance: int) -> float:
        """Return the most that an object may have beyond the frame."""
        return self.own.get(instance, self.most)


def rejection(
    placed: list[Placed], views: Sequence[View], accept: Accept, beyond: Beyond, floor: bool
) -> Rejection | None:
    """Return why a pose is not good enough in one of its views, or None.

    Every object must show at least ``min_visibility`` of the part of it in the frame, and have at
    most so much of itself beyond the frame as ``beyond`` says. At 0 it may be hidden altogether,
    and at 1 be outside altogether: the image then has no label of it.
    """
    found = (_rejection(placed, view.camera, accept, beyond, floor) for view in views)
    return next((each for each in found if each is not None), None)


def _rejection(
    placed: list[Placed], camera: Camera, accept: Accept, beyond: Beyond, floor: bool
) -> Rejection | None:
    if floor and camera.position[2] <= 0:
        return Rejection("camera below floor", "the camera is below the floor")
    boxes: list[Box | None] = []
    for each in placed:
        if each.surrounds:
            boxes.append(_EVERYWHERE)
            continue
        projected = camera.project(each.hull)
        if meets_image_plane(each.hull, projected):
            name = each.entry.category or "an unlabelled object"
            return Rejection("camera in object", f"the camera is inside or before {name}")
        box = None if projected[:, 2].max() <= 0 else _box(each, camera, projected)
        if box is _BOUNDLESS and each.entry.category is not None:
            name = each.entry.category
            return Rejection("outside frame", f"{name} reaches beyond what the lens can show")
        boxes.append(box)
    if accept.min_visibility == 0 and beyond.most == 1 and not beyond.own:
        return None
    for at, each in enumerate(placed):
        if each.entry.category is None or not each.bound:
            continue
        visibility, truncation = _shares(at, placed, boxes, camera, floor)
        if truncation > beyond.of_instance(each.entry.instance):
            reason = f"{each.entry.category} is outside the frame"
            return Rejection("outside frame", reason)
        if each.entry.instance == beyond.cut and truncation == 0:
            return Rejection("not cut", f"{each.entry.category} is not cut by the frame's edge")
        if visibility < accept.min_visibility:
            return Rejection("hidden", f"{each.entry.category} is hidden")
    return None


def _box(each: Placed, camera: Camera, projected: Array) -> Box:
    """Return the least and the largest pixel position (2,) of an object before a camera."""
    if camera.distortion is not None:
        projected = camera.outline(each.hull)
        if projected[:, 2].min() <= 0:
            return _BOUNDLESS
    return projected[:, :2].min(0), projected[:, :2].max(0)


def meets_image_plane(hull: Array, projected: Array) -> bool:
    """Tell whether an object is neither all before a camera nor all behind it: the camera may be
    in it.

    Args:
        hull: (n, 3) its corners in the world.
        projected: (n, 3) their pixel positions and depths.

    """
    depths = projected[:, 2]
    # A millionth of the object's size is as good as touching it.
    near = 1e-6 * float(np.ptp(hull, axis=0).max())
    return bool(depths.max() > 0 and depths.min() <= near)


# What to change where dropped objects do not lie as they should.
_DROPPED = {
    "moving": "raise arrangement.drop.steps or arrangement.drop.friction, or lower the counts",
    "not at rest": "leave out the models that cannot lie there, bring their sizes nearer to each "
    "other, or raise accept.tries",
    "fell over": "lower arrangement.drop.stack.height or offset, leave out the models that have no "
    "flat side, or raise accept.tries",
    "does not fit": "raise arrangement.drop.bin.size_m, or leave it out",
    "beside the bin": "raise arrangement.drop.bin.size_m, or lower fill",
}


def remedy(kind: str, recipe: Recipe, background: Background) -> str:
    """Return what to change in a recipe whose poses are rejected for one kind of reason."""
    if kind in _DROPPED:
        return _DROPPED[kind]
    orbit, accept = recipe.camera.orbit, recipe.accept
    if kind == "camera below floor":
        floor = (
            "leave out background.floor" if background.floor else "set background.shadows: false"
        )
        return f"raise camera.orbit.elevation_deg, or {floor}"
    farther = "lower camera.orbit.fill"
    if recipe.camera.object_px is not None:
        farther = "lower camera.object_px"
    elif orbit.distance_m is not None:
        farther = "raise camera.orbit.distance_m"
    if kind == "camera in object":
        return f"{farther}, or choose a longer camera.focal_length_mm"
    if kind == "not cut":
        cures = ["raise camera.orbit.cut.limit"]
    elif kind == "outside frame":
        cures = [farther, "raise accept.max_truncation"]
        if orbit.framing != (0.0, 0.0):
            cures.insert(1, "bring camera.orbit.framing nearer to 0")
    elif kind == "goal":
        return (
            "lower its share, widen what may vary (camera.orbit, arrangement), or raise goals.tries"
        )
    else:
        free = any(spec.position_m is None for spec in recipe.objects)
        apart = "widen arrangement.gap" if free else "move the objects apart (position_m)"
        if recipe.arrangement.drop is not None:
            apart = "drop fewer objects, or more of them side by side"
        cures = ["lower accept.min_visibility", apart, "widen camera.orbit"]
    if accept.tries < _FEW_TRIES:
        cures.append("raise accept.tries")
    return " or ".join(filter(None, [", ".join(cures[:-1]), cures[-1]]))


def _shares(
    at: int, placed: list[Placed], boxes: list[Box | None], camera: Camera, floor: bool
) -> tuple[float, float]:
    """Return (visibility, truncation) of one object, estimated on a grid of rays over its box; what
    is behind the camera has none. Of an object with no part in the frame, no part is hidden.
    """
    box = boxes[at]
    if box is None:
        return 1.0, 1.0
    low, high = box
    ticks = (np.arange(_GRID) + 0.5) / _GRID
    columns, rows = np.meshgrid(
        low[0] + ticks * (high[0] - low[0]), low[1] + ticks * (high[1] - low[1])
    )
    columns, rows = columns.ravel(), rows.ravel()
    rays = camera.rays(columns, rows)
    own = _depth(placed[at], camera, rays)
    hit = np.isfinite(own)
    if not hit.any():
        # Too thin for the grid to meet: judge it by its hull's box, and leave it to the labels.
        hit = np.ones(len(own), bool)
        own = np.full(len(own), camera.project(placed[at].hull)[:, 2].min(), np.float32)
    width, height = camera.resolution
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    truncation = 1 - float((hit & inside).sum() / hit.sum())
    seen = hit & inside
    if not seen.any():
        return 1.0, truncation
    free = seen.copy()
    for other in _overlapping(boxes, at):
        free[free] = ~(_depth(placed[other], camera, rays[free]) < own[free])
    if floor:
        below = -BELOW * float(np.ptp(placed[at].hull, axis=0).max())
        free &= ~(level_depth(camera.pose, below, rays) < own)
    return float(free.sum() / seen.sum()), truncation


def visibility_of_each(placed: list[Placed], camera: Camera, floor: bool) -> list[float]:
    """Return the visible share of each labelled object in a pose that is not rejected: of its part
    in the frame, to about 1 %.
    """
    boxes: list[Box | None] = []
    for each in placed:
        projected = camera.project(each.hull)
        behind = projected[:, 2].max() <= 0
        boxes.append(None if behind else (projected[:, :2].min(0), projected[:, :2].max(0)))
    return [
        _shares(at, placed, boxes, camera, floor)[0]
        for at, each in enumerate(placed)
        if each.entry.category is not None
    ]


def _overlapping(boxes: list[Box | None], at: int) -> npt.NDArray[np.int64]:
    """Return which boxes overlap one of them, itself left out."""
    nowhere = np.full((2, 2), np.nan)  # not less, not more, and no overlap
    corners = np.array([nowhere if box is None else box for box in boxes])
    low, high = corners[at]
    meet = (corners[:, 1] >= low).all(axis=1) & (corners[:, 0] <= high).all(axis=1)
    meet[at] = False
    return np.flatnonzero(meet)


def _depth(each: Placed, camera: Camera, rays: Array) -> npt.NDArray[np.float32]:
    tracer = tracer_for(each.candidate.cache, each.candidate.facts.key)
    return tracer.depth(camera.pose @ np.array(each.entry.model_to_world), rays)
