"""Which poses are good enough to render: a quick look by ray casting before any rendering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.plan.framing import project
from renderer.plan.placement import Placed
from renderer.plan.raycast import pixel_rays, tracer_for
from renderer.recipe.model import Accept

Array = npt.NDArray[np.float64]

# Rays along each side of an object's projected box. 40 x 40 rays know a share to about 1 %.
_GRID = 40


@dataclass(frozen=True)
class View:
    """A camera as the checks need it."""

    resolution: tuple[int, int]
    K: Array
    world_to_camera: Array

    def depths(self, points: Array) -> Array:
        """Return the depth (n,) along the view axis of world points (n, 3)."""
        depths: Array = points @ self.world_to_camera[2, :3] + self.world_to_camera[2, 3]
        return depths

    @property
    def height_m(self) -> float:
        """The camera's height above the floor."""
        rotation, shift = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        return float((-rotation.T @ shift)[2])


def objection(placed: list[Placed], view: View, accept: Accept, floor: bool) -> str | None:
    """Return why a pose is not good enough, as part of a sentence, or None.

    Every object must show at least ``min_visibility`` of the part of it in the frame, and have at
    most ``max_truncation`` of itself beyond the frame.
    """
    if floor and view.height_m <= 0:
        return "the camera is below the floor"
    boxes = []
    for each in placed:
        # A millionth of the object's size is as good as touching it.
        if not view.depths(each.hull).min() > 1e-6 * float(np.ptp(each.hull, axis=0).max()):
            return f"the camera is inside or before {each.entry.category}"
        projected = project(each.hull, view.K, view.world_to_camera)
        boxes.append((projected[:, :2].min(0), projected[:, :2].max(0)))
    for at, each in enumerate(placed):
        visibility, truncation = _shares(at, placed, boxes, view)
        name = each.entry.category
        if truncation > accept.max_truncation:
            return f"{name} is outside the frame ({truncation:.0%} of it)"
        if visibility < accept.min_visibility or visibility == 0:
            return f"{name} is hidden (visibility {visibility:.2f})"
    return None


def _shares(
    at: int, placed: list[Placed], boxes: list[tuple[Array, Array]], view: View
) -> tuple[float, float]:
    """Return (visibility, truncation) of one object, estimated on a grid of rays over its box."""
    low, high = boxes[at]
    ticks = (np.arange(_GRID) + 0.5) / _GRID
    columns, rows = np.meshgrid(
        low[0] + ticks * (high[0] - low[0]), low[1] + ticks * (high[1] - low[1])
    )
    columns, rows = columns.ravel(), rows.ravel()
    rays = pixel_rays(columns, rows, view.K)
    own = _depth(placed[at], view, rays)
    hit = np.isfinite(own)
    if not hit.any():
        # Too thin for the grid to meet: judge it by its hull's box, and leave it to the labels.
        hit = np.ones(len(own), bool)
        own = np.full(len(own), view.depths(placed[at].hull).min(), np.float32)
    width, height = view.resolution
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    truncation = 1 - float((hit & inside).sum() / hit.sum())
    seen = hit & inside
    if not seen.any():
        return 0.0, truncation
    free = seen.copy()
    for other, (other_low, other_high) in enumerate(boxes):
        apart = (other_high < low).any() or (other_low > high).any()
        if other == at or apart:
            continue
        free[free] = ~(_depth(placed[other], view, rays[free]) < own[free])
    return float(free.sum() / seen.sum()), truncation


def _depth(each: Placed, view: View, rays: Array) -> npt.NDArray[np.float32]:
    tracer = tracer_for(each.candidate.cache, each.candidate.facts.key)
    return tracer.depth(view.world_to_camera @ np.array(each.entry.model_to_world), rays)
