"""The colour of surfaces without light."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from renderer.errors import UserError
from renderer.truth.kind import Config, LabelFile, LabelKind, Labels, Problem

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from renderer.truth.canvas import Canvas
    from renderer.truth.stored_labels import StoredLabels
    from renderer.truth.view import Floats, ViewTruth

_PASS = "surface_color"


class AlbedoConfig(Config):
    """How albedo is written."""

    format: Literal["png", "exr"] = Field(
        "png", description="8-bit sRGB; or float32 shares of linear Rec.709 light."
    )


class Albedo(LabelKind):
    """The colour of the surface that is seen, without light: the share of light that it reflects or
    lets through, as the engine has it, mean over the pixel; 0 for nothing.
    """

    name = "albedo"
    Config = AlbedoConfig
    files = ("albedo",)
    passes = (_PASS,)

    def make(self, truth: ViewTruth, config: AlbedoConfig) -> Labels:
        """Return the map."""
        import numpy as np

        from renderer.colour.srgb import to_display
        from renderer.truth.raster import encode_exr, encode_png

        if _PASS not in truth.passes:
            raise UserError("albedo is the engine's to tell, and it has not been asked for it")
        color = np.clip(truth.passes[_PASS], 0, 1)
        if truth.invisible_floor:
            color = np.where((truth.index == 0)[..., None], 0, color)
        if config.format == "exr":
            return Labels(files={"albedo": LabelFile("exr", encode_exr(color))})
        steps = np.rint(to_display(color) * 255).astype(np.uint8)
        return Labels(files={"albedo": LabelFile("png", encode_png(steps))})

    def check(
        self, stored: StoredLabels, truth: ViewTruth | None, config: AlbedoConfig
    ) -> Iterator[Problem]:
        """Decode the map: what is in it only the engine knows."""
        from renderer.truth.differences import content_of

        content = content_of(stored, "albedo")
        if content is None:
            return
        try:
            found = _decode(content, stored.size)
        except ValueError as error:
            yield None, f"its albedo file is wrong: {error}"
            return
        if not ((found >= 0) & (found <= 1)).all():
            yield None, "its albedo file is wrong: it has values that are not from 0 to 1"

    def draw(self, canvas: Canvas, stored: StoredLabels) -> None:
        """Show the map."""
        import numpy as np

        from renderer.colour.srgb import to_display

        color = np.clip(_decode(stored.read("albedo"), stored.size), 0, 1)
        canvas.replace(np.rint(to_display(color) * 255).astype(np.uint8))


def _decode(content: bytes, size: tuple[int, int]) -> Floats:
    """Return the shares (h, w, 3) of a file in either format.

    Raises:
        ValueError: it is none.

    """
    import numpy as np

    from renderer.colour.srgb import to_linear
    from renderer.truth.raster import decode_exr, decode_png

    if content[:4] == b"\x89PNG":
        found: npt.NDArray[np.float32] = decode_png(content, size, bits=8) / np.float32(255)
        color = to_linear(found)
    else:
        color = decode_exr(content, size)
    if color.ndim != 3:
        raise UserError("it has one channel, and should have three")
    return color
