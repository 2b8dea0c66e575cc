"""Oriented boxes in space: each object's own box, as the camera has it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field

from renderer.truth.kind import Fields, LabelKind, Labels, Problem, Record
from renderer.values.bounded import Number, Vector3

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.asset import AssetFacts
    from renderer.geometry.distortion import Distortion
    from renderer.shot.camera import Camera
    from renderer.shot.scene import Instance
    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import ViewTruth

    Array = npt.NDArray[np.float64]

# Omni3D's v0 to v7 in halves of the model's x, y and z: around the front (-y), then the back, each
# from the left upper corner on as somebody before the front sees them.
CORNERS = (
    *((-1, -1, 1), (1, -1, 1), (1, -1, -1), (-1, -1, -1)),
    *((-1, 1, 1), (1, 1, 1), (1, 1, -1), (-1, 1, -1)),
)
_EDGES = tuple((at, at // 4 * 4 + (at + 1) % 4) for at in range(8)) + tuple(
    (at, at + 4) for at in range(4)
)
_CROSS = ((0, 2), (1, 3))
# An edge is drawn in so many pieces where the lens bends it, and ends at such a share of its length
# before the camera.
_PIECES, _NEAR = 24, 0.01
# A corner whose pixels lie farther out is as good as beside the camera, not before it.
_FARTHEST = 1e12

Corner = tuple[Number | None, Number | None, Number]
Corners = tuple[Corner, Corner, Corner, Corner, Corner, Corner, Corner, Corner]


class Box3dFields(Fields):
    """The model's own box; ``cam_R_m2c`` is its orientation."""

    box3d_center: Vector3 = Field(description="Its middle in the camera's frame, in metres.")
    box3d_size: Vector3 = Field(description="Along the model's x, y and z, in metres.")
    box3d_corners: Corners = Field(
        description="8 corners in Omni3D's order: x and y in pixels, through the lens and beyond "
        "the frame, too, and depth in metres. No pixels (null) behind the camera, or where the "
        "lens's distortion folds back."
    )


class Boxes3d(LabelKind):
    """Oriented boxes in space, along the model's own axes."""

    name = "boxes3d"
    needs = ("pose",)
    ObjectFields = Box3dFields

    def make(self, truth: ViewTruth, config: Any) -> Labels:
        """Return the boxes."""
        facts = truth.casting.cache.facts
        return Labels(
            {
                entry.instance: box3d_of(truth.camera, entry, facts(entry.asset))
                for entry in truth.labelled
            }
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: Any
    ) -> Iterator[Problem]:
        """Compare with the scene; without it the corners with middle, size and pose."""
        from renderer.truth.differences import field_differences, same

        for record in stored.annotations:
            entry = stored.entry(record)
            if truth is not None and entry is not None:
                made = box3d_of(truth.camera, entry, truth.casting.cache.facts(entry.asset))
                yield from ((record, said) for said in field_differences(record, made))
            elif stored.camera is not None:
                lens = stored.camera.intrinsics, stored.camera.distortion
                if not same(record["box3d_corners"], _corners(_points(record), *lens)):
                    yield record, "box3d_corners are not those of its box3d_center and box3d_size"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Draw the edges as far as they are before the camera, and a cross on the front."""
        import numpy as np

        from renderer.geometry.distortion import Distortion

        camera = stored.image["camera"]
        lens = camera.get("distortion")
        bent = None if lens is None else Distortion.model_validate(lens, from_attributes=True)
        for record in stored.annotations:
            points, colour = _points(record), canvas.colour(record)
            for start, end in (*_EDGES, *_CROSS):
                pixels = _edge(points[start], points[end], np.array(camera["K"], float), bent)
                for a, b in itertools.pairwise(pixels):
                    if a is not None and b is not None:
                        canvas.line(a, b, colour)


def box3d_of(camera: Camera, entry: Instance, facts: AssetFacts) -> Box3dFields:
    """Return the box of an object before a camera."""
    import numpy as np

    low, high = np.array(facts.minimum), np.array(facts.maximum)
    to_camera = camera.pose @ np.array(entry.model_to_world)
    turn, shift = to_camera[:3, :3], to_camera[:3, 3]
    model = (low + high) / 2 + np.array(CORNERS) * (high - low) / 2
    fields = {
        "box3d_center": (turn @ ((low + high) / 2) + shift).round(12).tolist(),
        "box3d_size": ((high - low) * entry.scale).round(12).tolist(),
        "box3d_corners": _corners(model @ turn.T + shift, camera.intrinsics, camera.distortion),
    }
    return Box3dFields.model_validate(fields, strict=False)


def _points(record: Record) -> Array:
    """Return the corners (8, 3) of an annotation in the camera's frame, in metres."""
    import numpy as np

    halves = np.array(CORNERS) * np.array(record["box3d_size"]) / 2
    found: Array = halves @ np.array(record["cam_R_m2c"]).T + np.array(record["box3d_center"])
    return found


def _corners(points: Array, K: Array, lens: Distortion | None) -> list[Any]:  # noqa: N803
    """Return pixels and depth of corners (8, 3) in the camera's frame, as a record has them."""
    import numpy as np

    from renderer.geometry.projection import project, projectable

    there, still = projectable(points, np.eye(4), lens), np.eye(4)
    found: list[Any] = [[None, None, z] for z in points[:, 2].round(12).tolist()]
    for at, (x, y, _) in zip(
        np.flatnonzero(there), project(points[there], K, still, lens), strict=True
    ):
        if max(abs(x), abs(y)) < _FARTHEST:
            found[at][:2] = round(float(x), 9), round(float(y), 9)
    return found


def _edge(
    start: Array,
    end: Array,
    K: Array,  # noqa: N803
    lens: Distortion | None,
) -> list[tuple[float, float] | None]:
    """Return the pixels of points along an edge between two corners (3,) in the camera's
    frame, None for those beyond the lens's fold. It ends where it comes too near the camera.
    """
    import numpy as np

    from renderer.geometry.projection import project, projectable

    near = _NEAR * float(np.linalg.norm(end - start))
    if max(start[2], end[2]) <= near:
        return []
    if (start[2] > near) != (end[2] > near):
        cut = start + (end - start) * (near - start[2]) / (end[2] - start[2])
        start, end = (cut, end) if start[2] <= near else (start, cut)
    shares = np.linspace(0, 1, 2 if lens is None else _PIECES + 1)[:, None]
    points, still = start + shares * (end - start), np.eye(4)
    there = projectable(points, still, lens)
    pixels = project(points, K, still, lens)[:, :2]
    return [
        (float(x), float(y)) if seen else None for (x, y), seen in zip(pixels, there, strict=True)
    ]
