"""Objects cut by the frame's edge on purpose: the camera moved sideways until so much is beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.geometry.raycast import tracer_for
from renderer.plan.placed import Placed
from renderer.recipe.framing import Cut
from renderer.shot.camera import Camera, View
from renderer.shot.scene import to_matrix4
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]

_PATH = "camera.orbit.cut"
# Of the limit, the least and the most that is asked for: what rays over the object's box say is
# known to a hundredth of it, and the limit is kept.
_LEAST, _MOST = 0.2, 0.95
# Rays along each side of the object's box, and how often the camera is corrected: parts of the
# object that are nearer to it move farther in the picture.
_GRID, _STEPS = 64, 8


@dataclass(frozen=True)
class Edge:
    """One edge of the frame.

    Attributes:
        axis: 0 for the left and right one, 1 for the upper and lower one.
        sign: -1 for the left and upper one, 1 for the others.

    """

    axis: int
    sign: int

    @staticmethod
    def drawn(stream: Stream) -> Edge:
        """Return one of four, each as likely."""
        axis, side = divmod(int(stream.unit(_PATH, "edge") * 4), 2)
        return Edge(axis, 2 * side - 1)

    def line(self, resolution: tuple[int, int]) -> float:
        """Return its pixel position along its axis."""
        return float(resolution[self.axis]) if self.sign > 0 else 0.0


def is_cut(cut: Cut | None, stream: Stream) -> bool:
    """Tell whether an object is cut in an image: in any aligned run of images the share is kept."""
    return cut is not None and stream.again(0).low_discrepancy(f"{_PATH}.share") < cut.share


def cut_view(
    view: View, placed: Sequence[Placed], measured: Placed | None, limit: float, stream: Stream
) -> tuple[View, Placed]:
    """Return a view in which an object is cut, and that object.

    It is the one of which the size in pixels is said, or else the outermost: the others have no
    more of themselves beyond that edge.

    Args:
        view: it before.
        placed: the objects, at least one.
        measured: the one to take, if any.
        limit: the most of it that may be beyond.
        stream: the image's.

    """
    edge = Edge.drawn(stream)
    unit = stream.again(0).unit(_PATH, "beyond")
    beyond = limit * (_LEAST + (_MOST - _LEAST) * unit)
    target = measured or max(placed, key=lambda each: _reach(each, view.camera, edge, beyond))
    camera = view.camera
    size_px = None if measured is None else _longer_side(target, camera)
    for _ in range(_STEPS):
        away = _away(target, camera, edge, beyond)
        if away is None:
            break  # the camera is in it: the pose is refused for that
        moved = camera.pose.copy()
        moved[edge.axis, 3] += away
        if size_px is not None:
            # Seen from beside, it is a little smaller or larger than it was.
            larger = _longer_side(target, camera) / size_px
            moved[2, 3] += (larger - 1) * float(camera.project(target.hull)[:, 2].mean())
        camera = camera.model_copy(update={"world_to_camera": to_matrix4(moved)})
    return view.model_copy(update={"camera": camera}), target


def _reach(each: Placed, camera: Camera, edge: Edge, beyond: float) -> float:
    """Return how far out the part of an object's box begins that would be beyond, in pixels."""
    projected = camera.project(each.hull)
    if projected[:, 2].min() <= 0:
        return -np.inf
    along = edge.sign * projected[:, edge.axis]
    return float(along.max() - beyond * np.ptp(along))


def _longer_side(each: Placed, camera: Camera) -> float:
    """Return the longer side of an object's box in pixels, in the frame and beyond."""
    return float(np.ptp(camera.project(each.hull)[:, :2], axis=0).max())


def _away(target: Placed, camera: Camera, edge: Edge, beyond: float) -> float | None:
    """Return by how much an object has to move along an axis of the camera, in metres, for a share
    of it to be beyond an edge; None where it is not all before the camera.
    """
    projected = camera.project(target.hull)
    if projected[:, 2].min() <= 0:
        return None
    low, high = projected[:, :2].min(0), projected[:, :2].max(0)
    ticks = (np.arange(_GRID) + 0.5) / _GRID
    columns, rows = np.meshgrid(
        low[0] + ticks * (high[0] - low[0]), low[1] + ticks * (high[1] - low[1])
    )
    rays = camera.rays(columns.ravel(), rows.ravel())
    tracer = tracer_for(target.candidate.cache, target.candidate.facts.key)
    depth = tracer.depth(camera.pose @ np.array(target.entry.model_to_world), rays)
    depth = depth.reshape(_GRID, _GRID).astype(np.float64)
    hit = np.isfinite(depth)
    if not hit.any():
        hit, depth = np.ones_like(hit), np.full_like(depth, projected[:, 2].mean())
    counts = hit.sum(axis=edge.axis)
    inner = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    ends = low[edge.axis] + (high - low)[edge.axis] * np.arange(_GRID + 1) / _GRID
    line = float(np.interp(1 - beyond if edge.sign > 0 else beyond, inner, ends))
    focal = float(camera.intrinsics[edge.axis, edge.axis])
    return (edge.line(camera.resolution) - line) * float(depth[hit].mean()) / focal
