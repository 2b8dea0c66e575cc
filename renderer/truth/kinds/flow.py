"""Optical flow: where what each pixel shows is seen in the next view of the rig."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from renderer.errors import UserError
from renderer.truth.kind import Fields, LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.recipe import Recipe
    from renderer.shot.camera import View
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import Floats, ViewTruth

    Array = npt.NDArray[np.float64]
    Mask = npt.NDArray[np.bool_]

# What the third channel says: nothing is known; hidden or beyond the frame there; seen there.
_NOTHING, _UNSEEN, _SEEN = 0.0, 0.5, 1.0
# Flow is written in steps of so many to a pixel.
_STEPS = 1024
# By how many pixels flow may differ where processors round otherwise.
_APART = 0.01


class FlowFields(Fields):
    """Where the flow of an image leads."""

    flow_to: str | None = Field(
        description="The view that its flow leads to, a name in views; null for the last view of a "
        "row, whose file is all 0."
    )


class Flow(LabelKind):
    """Optical flow to the next view of the rig, in pixels, of the surface that each pixel centre
    shows.
    """

    name = "flow"
    files = ("flow",)
    ImageFields = FlowFields

    def refusal(self, config: Any, recipe: Recipe) -> str:
        """Refuse shots of one view."""
        if recipe.camera.rig is not None:
            return ""
        return (
            "flow labels lead from one view of a shot to another, and here each shot has one: give "
            "it more by camera.rig, or leave them out"
        )

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the map."""
        from renderer.truth.raster import encode_exr

        after = _next_view(truth)
        return Labels(
            image=FlowFields(flow_to=None if after is None else after.name),
            files={"flow": LabelFile("exr", encode_exr(_flow(truth, after), rounded=True))},
            warnings=truth.warnings("flow"),
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Decode the map and compare it with the scene; a pixel on an outline may round to either
        side.
        """
        import numpy as np

        from renderer.truth.differences import content_of
        from renderer.truth.outline_check import few

        content = content_of(stored, "flow")
        if content is None:
            return
        try:
            found = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its flow file is wrong: {error}"
            return
        if truth is None or not stored.agrees:
            return
        after = _next_view(truth)
        name = None if after is None else after.name
        if stored.image["flow_to"] != name:
            yield None, f"flow_to is {stored.image['flow_to']}, its shot says {name}"
            return
        made = _flow(stored.seen(truth), after)
        known = ~stored.unclear(truth)
        outside, off = _differing(found, made)
        if (outside & known).any() or (off & known).sum() > few(np.count_nonzero(known)):
            wrong = int((off & known).sum())
            yield None, f"{wrong} pixels of its flow file disagree with its scene"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show the map: the hue is the direction, the strength of the colour how far; what the next
        view does not show is dark, and nothing is black.
        """
        import cv2
        import numpy as np

        flow = _decode(stored.read("flow"), stored.size)
        there = flow[..., 2] > _NOTHING
        far, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1], angleInDegrees=True)
        most = np.percentile(far[there], 98) if there.any() else 1.0
        strength = np.sqrt(np.clip(far / max(float(most), 1e-6), 0, 1))
        bright = np.where(there, np.where(flow[..., 2] == _SEEN, 255, 110), 0)
        hsv = np.dstack([np.rint(angle / 2) % 180, np.rint(strength * 255), bright])
        canvas.replace(np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8))


def _next_view(truth: ViewTruth) -> View | None:
    """Return the view that follows a view in its shot, or None."""
    views = {view.name: view for view in truth.shot.views}
    own = next(view for view in views.values() if view.camera == truth.camera)
    return None if own.next is None else views.get(own.next)


def _flow(truth: ViewTruth, after: View | None) -> Floats:
    """Return (h, w, 3) the flow along the rows and the columns, and what is known of it."""
    import numpy as np

    from renderer.geometry.projection import project, projectable
    from renderer.truth.ray_casting import RayCasting

    flow = np.zeros((*truth.depth.shape, 3), np.float32)
    if after is None:
        return flow
    rows, columns = np.nonzero(np.isfinite(truth.depth))
    here = columns + 0.5, rows + 0.5
    points = truth.camera.rays(*here)
    points *= truth.depth[rows, columns, None]
    camera, lens = after.camera, after.camera.distortion
    relative = camera.pose @ _inverse(truth.camera.pose)
    points = points @ relative[:3, :3].T + relative[:3, 3]
    known = projectable(points, np.eye(4), lens)
    points = points[known]
    x, y, _ = project(points, camera.intrinsics, np.eye(4), lens).T
    width, height = camera.resolution
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    casting = RayCasting(truth.shot, camera, truth.casting.cache)
    seen = np.full(len(points), _UNSEEN)
    seen[inside] = np.where(casting.hidden(points[inside], x[inside], y[inside]), _UNSEEN, _SEEN)
    steps = [(end - start[known]) * _STEPS for end, start in zip((x, y), here, strict=True)]
    moved = [np.rint(each) / _STEPS for each in steps]
    for channel, values in enumerate((*moved, seen)):
        flow[rows[known], columns[known], channel] = values
    return flow


def _inverse(pose: Array) -> Array:
    """Return the inverse (4, 4) of a rotation and translation."""
    import numpy as np

    back = np.eye(4)
    back[:3, :3] = pose[:3, :3].T
    back[:3, 3] = -pose[:3, :3].T @ pose[:3, 3]
    return back


def _decode(content: bytes, size: tuple[int, int]) -> Floats:
    """Return the flow (h, w, 3) of a file.

    Raises:
        ValueError: it is none.

    """
    import numpy as np

    from renderer.truth.raster import decode_exr

    flow = decode_exr(content, size)
    if flow.ndim != 3:
        raise UserError("it has one channel, and should have three")
    if not np.isfinite(flow).all():
        raise UserError("it has values that are no numbers")
    if not np.isin(flow[..., 2], (_NOTHING, _UNSEEN, _SEEN)).all():
        raise UserError("its blue channel has other values than 0, 0.5 and 1")
    return flow


def _differing(found: Floats, made: Floats) -> tuple[Mask, Mask]:
    """Return (h, w) which pixels are unlike all those around them in the scene, and which are not
    those of the scene.
    """
    import cv2
    import numpy as np

    square = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(made, square) - _APART, cv2.dilate(made, square) + _APART
    outside = ((found < low) | (found > high)).any(axis=-1)
    off = (np.abs(found - made) > _APART).any(axis=-1)
    return np.asarray(outside, np.bool_), np.asarray(off, np.bool_)
