"""A depth map: how far each pixel's surface is along the view axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from renderer.errors import UserError
from renderer.truth.kind import Config, LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import Floats, ViewTruth

    Mask = npt.NDArray[np.bool_]

_MOST = 65535
# By what share of itself a depth may differ where processors round otherwise.
_SHARE = 1e-4


class DepthConfig(Config):
    """How depth is written."""

    format: Literal["exr", "png16"] = Field(
        "exr", description="float32 metres, infinite for nothing; or 16-bit PNG, 0 for nothing."
    )
    scale: Annotated[float, Field(ge=1e-6, le=1e3)] = Field(
        0.001, description="Metres a step of the PNG: 0.001 reaches 65.535 m."
    )


class Depth(LabelKind):
    """Depth along the view axis in metres, of whatever the pixel centre's ray meets first."""

    name = "depth"
    Config = DepthConfig
    files = ("depth",)

    def make(self, truth: ViewTruth, config: DepthConfig) -> Labels:
        """Return the map, floor and objects without labels in it."""
        from renderer.truth.raster import encode_exr, encode_png

        warnings = truth.warnings("depth")
        if config.format == "exr":
            file = LabelFile("exr", encode_exr(truth.depth))
        else:
            steps, too_far = depth_steps(truth.depth, config.scale)
            file = LabelFile("png", encode_png(steps))
            if too_far.any():
                warnings.append(
                    f"depth beyond {_MOST * config.scale:g} m is written as 0, which is nothing: "
                    "raise labels.depth.scale, or set labels.depth.format: exr"
                )
        return Labels(files={"depth": file}, warnings=warnings)

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: DepthConfig
    ) -> Iterator[Problem]:
        """Decode the map and compare it with the scene; a pixel on an outline may round to either
        side.
        """
        import numpy as np

        from renderer.truth.differences import content_of
        from renderer.truth.outline_check import few

        content = content_of(stored, "depth")
        if content is None:
            return
        try:
            found = decode_depth(content, stored.size, config.scale)
        except ValueError as error:
            yield None, f"its depth file is wrong: {error}"
            return
        if truth is None or not stored.agrees:
            return
        made, slack = stored.seen(truth).depth, 0.0
        if config.format == "png16":
            slack = config.scale
            made = np.where(depth_steps(made, config.scale)[1], np.inf, made)
        known = ~stored.unclear(truth)
        outside = ~_between(found, *_around(made), slack) & known
        off = ~_between(found, made, made, slack) & known
        if outside.any() or off.sum() > few(known.sum()):
            yield None, f"{int(off.sum())} pixels of its depth file disagree with its scene"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show the map, near red and far blue, nothing black."""
        import cv2
        import numpy as np

        depth = decode_depth(stored.read("depth"), stored.size, DepthConfig().scale)
        there = np.isfinite(depth)
        shown = np.zeros((*depth.shape, 3), np.uint8)
        if there.any():
            nearness = np.where(there, 1 / depth, 0)
            low, high = np.percentile(nearness[there], (2, 98))
            share = np.clip((nearness - low) / max(high - low, 1e-12), 0, 1)
            levels = (share * 230 + 20).astype(np.uint8)
            shown = cv2.applyColorMap(levels, cv2.COLORMAP_TURBO)[..., ::-1]
        canvas.replace(np.where(there[..., None], shown, 0).astype(np.uint8))


def depth_steps(depth: Floats, scale: float) -> tuple[npt.NDArray[np.uint16], Mask]:
    """Return (h, w) steps of a scale, 0 for nothing, and where (h, w) a depth has too many."""
    import numpy as np

    steps = np.maximum(np.rint(depth.astype(np.float64) / scale), 1)
    too_far = np.isfinite(depth) & (steps > _MOST)
    return np.where(steps > _MOST, 0, steps).astype(np.uint16), too_far


def decode_depth(content: bytes, size: tuple[int, int], scale: float) -> Floats:
    """Return the depth (h, w) of a file in either format, infinite for nothing.

    Raises:
        UserError: it is none.

    """
    import numpy as np

    from renderer.truth.raster import decode_exr, decode_png

    if content[:4] == b"\x89PNG":
        steps = decode_png(content, size)
        found = np.where(steps == 0, np.inf, steps * scale).astype(np.float32)
    else:
        found = decode_exr(content, size)
    if found.ndim != 2:
        raise UserError("it has three channels, and should have one")
    if not (found > 0).all():
        raise UserError("it has depths that are not above 0")
    return found


def _around(depth: Floats) -> tuple[Floats, Floats]:
    """Return the smallest and the largest depth (h, w) of each pixel and its neighbours."""
    import cv2
    import numpy as np

    square, large = np.ones((3, 3), np.uint8), np.float32(3e38)
    finite = np.where(np.isfinite(depth), depth, large).astype(np.float32)
    low, high = cv2.erode(finite, square), cv2.dilate(finite, square)
    return tuple(np.where(each == large, np.inf, each) for each in (low, high))  # type: ignore[return-value]


def _between(found: Floats, low: Floats, high: Floats, slack: float) -> Mask:
    import numpy as np

    above = found >= low * (1 - _SHARE) - slack
    below = found <= high * (1 + _SHARE) + slack
    return np.asarray(above & below, np.bool_)
