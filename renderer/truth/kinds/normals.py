"""A map of surface normals, in the camera's frame or the world's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from renderer.errors import UserError
from renderer.truth.kind import Config, Fields, LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import Floats, ViewTruth

    Mask = npt.NDArray[np.bool_]

Frame = Literal["camera", "world"]

_MOST = 65535
# How far apart unit vectors are at 0.1 degrees.
_APART = 0.001745


class NormalsConfig(Config):
    """How normals are written."""

    format: Literal["png16", "exr"] = Field(
        "png16",
        description="16-bit PNG of (n + 1) / 2 * 65535, or float32; red, green, blue are x, y, z.",
    )
    frame: Frame = Field(
        "camera", description="The camera's (x right, y down, z forward), or the world's (z up)."
    )


class NormalsFields(Fields):
    """How its file of normals is to be read."""

    normals_frame: Frame = Field("camera", description="The frame that its normals are in.")


class Normals(LabelKind):
    """Unit normals in the camera's or the world's frame, towards the camera."""

    name = "normals"
    Config, ImageFields = NormalsConfig, NormalsFields
    files = ("normals",)

    def make(self, truth: ViewTruth, config: NormalsConfig) -> Labels:
        """Return the map: of whatever the pixel centre's ray meets first, 0 for nothing."""
        from renderer.truth.raster import encode_exr

        normal = _in_frame(truth, config.frame)
        if config.format == "exr":
            file = LabelFile("exr", encode_exr(normal))
        else:
            file = LabelFile("png", _encode(normal))
        return Labels(
            image=NormalsFields(normals_frame=config.frame),
            files={"normals": file},
            warnings=truth.warnings("normals"),
        )

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: NormalsConfig
    ) -> Iterator[Problem]:
        """Decode the map and compare it with the scene; a pixel on an edge may round to either
        side.
        """
        import numpy as np

        from renderer.truth.differences import content_of
        from renderer.truth.outline_check import few

        said = stored.image.get("normals_frame", "camera")
        if said != config.frame:
            yield None, f"normals_frame is {said}, its dataset says {config.frame}"
            return
        content = content_of(stored, "normals")
        if content is None:
            return
        try:
            found = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its normals file is wrong: {error}"
            return
        if truth is None or not stored.agrees:
            return
        made = _in_frame(stored.seen(truth), config.frame)
        known = ~stored.unclear(truth)
        off = (np.linalg.norm(found - made, axis=-1) > _APART) & known
        if (off & ~_like_a_neighbour(found, made)).any() or off.sum() > few(known.sum()):
            yield None, f"{int(off.sum())} pixels of its normals file disagree with its scene"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show the map as is usual: x red, y up green, towards the camera blue; in the world's
        frame x red, y green, upwards blue. Nothing is black.
        """
        import numpy as np

        normal = _decode(stored.read("normals"), stored.size)
        of_world = stored.image.get("normals_frame", "camera") == "world"
        shown = np.rint((normal * ((1, 1, 1) if of_world else (1, -1, -1)) + 1) * 127.5)
        canvas.replace(np.where(_there(normal)[..., None], shown, 0).astype(np.uint8))


def _in_frame(truth: ViewTruth, frame: Frame) -> Floats:
    """Return the normals (h, w, 3) of a view in a frame."""
    import numpy as np

    if frame == "camera":
        return truth.normal
    # A row times the rotation to the camera is that row turned back to the world.
    return (truth.normal @ truth.camera.pose[:3, :3]).astype(np.float32)


def _there(normal: Floats) -> Mask:
    """Tell (h, w) where there is a surface."""
    import numpy as np

    return np.asarray((normal != 0).any(axis=-1), np.bool_)


def _encode(normal: Floats) -> bytes:
    """Return the PNG: no unit vector is (-1, -1, -1), so 0 in all three is nothing."""
    import numpy as np

    from renderer.truth.raster import encode_png

    steps = np.rint((normal.astype(np.float64) + 1) / 2 * _MOST)
    return encode_png(np.where(_there(normal)[..., None], steps, 0).astype(np.uint16))


def _decode(content: bytes, size: tuple[int, int]) -> Floats:
    """Return the normals (h, w, 3) of a file in either format, 0 for nothing.

    Raises:
        ValueError: it is none.

    """
    import numpy as np

    from renderer.truth.raster import decode_exr, decode_png

    if content[:4] == b"\x89PNG":
        steps = decode_png(content, size).astype(np.float32)
        vectors = np.where((steps != 0).any(axis=-1, keepdims=True), steps / _MOST * 2 - 1, 0)
    else:
        steps = vectors = decode_exr(content, size)
    if steps.ndim != 3:
        raise UserError("it has one channel, and should have three")
    length = np.linalg.norm(vectors, axis=-1)
    if not (np.abs(length - _there(vectors)) < 1e-3).all():
        raise UserError("it has normals that are not of length 1")
    return vectors.astype(np.float32)


def _like_a_neighbour(found: Floats, made: Floats) -> Mask:
    """Tell (h, w) where a normal is that of a pixel beside it."""
    import numpy as np

    height, width = made.shape[:2]
    around = np.pad(made, ((1, 1), (1, 1), (0, 0)), mode="edge")
    like = np.zeros((height, width), np.bool_)
    for row in range(3):
        for column in range(3):
            beside = around[row : row + height, column : column + width]
            like |= np.linalg.norm(found - beside, axis=-1) <= _APART
    return like
