"""A picture on its way from the engine to the view transform: light in two layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Coverage below this is none: dividing by it would make noise of nothing.
_LEAST_COVER = 1e-4
# Light beyond this is none that a lens could spread: infinity would make no number of its dark.
_BRIGHTEST = np.float32(1e9)


@dataclass(frozen=True)
class Picture:
    """What a camera's sensor sees; top row first.

    What is rendered and what stands behind it stay apart, since the one is shown through the view
    transform and the other by sRGB, as its author saw it. An effect of the camera works on both
    alike: ``spread``, ``times`` and ``transformed`` do.

    Attributes:
        color: (h, w, 4) float32, scene-linear Rec.709 and coverage, premultiplied.
        backdrop: (h, w, 3) float32, linear Rec.709 light of what stands behind, 1 for white; None
            where the world itself is seen, and all is covered.
        seed: for random numbers, another in every image and for every effect.
        cover_by_channel: (h, w, 3) coverage where a lens bends each colour its own way, so that an
            edge is at another place in red than in blue; None where all have that of ``color``.
        view_transform: how what is rendered will be shown, by Blender's name.

    """

    color: Floats
    backdrop: Floats | None
    seed: int
    cover_by_channel: Floats | None = None
    view_transform: str = "Standard"

    @property
    def cover(self) -> Floats:
        """Coverage (h, w, 1) or (h, w, 3) in 0..1; 1 where no backdrop could be seen."""
        if self.backdrop is None:
            return np.ones((*self.color.shape[:2], 1), np.float32)
        if self.cover_by_channel is not None:
            return self.cover_by_channel
        return np.clip(self.color[..., 3:], 0, 1)

    @property
    def straight(self) -> Floats:
        """The light (h, w, 3) of what covers a pixel, as if it covered all of it."""
        light = self.color[..., :3]
        if self.backdrop is None:
            return light
        cover = self.cover
        straight = np.divide(light, cover, out=np.zeros_like(light), where=cover > _LEAST_COVER)
        if self.cover_by_channel is None:
            return straight
        # A view transform mixes channels: none may be missing where another has light.
        most = np.take_along_axis(straight, cover.argmax(axis=2)[..., None], axis=2)
        return np.where(cover > _LEAST_COVER, straight, most)

    @property
    def seen(self) -> Floats:
        """The light (h, w, 3) of both layers together, as a meter in the camera has it."""
        light = self.color[..., :3]
        return light if self.backdrop is None else light + self.backdrop * (1 - self.cover)

    def spread(self, optic: Callable[[Floats], Floats], by_channel: bool = False) -> Picture:
        """Return the picture with light spread over neighbouring pixels, across the edges of what
        is rendered, too: as if the spreading were done to both layers in one.

        Args:
            optic: spreads planes (h, w, n); linear, and what is the same everywhere stays so.
            by_channel: each of three channels is spread its own way; n is then 3.

        """
        color = np.minimum(self.color, _BRIGHTEST)
        if self.backdrop is None:
            return self._with_light(optic(np.ascontiguousarray(color[..., :3])))
        cover = self.cover
        apart = by_channel or cover.shape[2] == 3
        behind = optic(np.ascontiguousarray(self.backdrop * (1 - cover)))
        if apart:
            wide = np.ascontiguousarray(np.broadcast_to(cover, (*cover.shape[:2], 3)))
            spread_cover = np.clip(optic(wide), 0, 1)
            light = optic(np.ascontiguousarray(color[..., :3]))
            color = np.dstack([light, spread_cover[..., 1]])
        else:
            color = optic(np.dstack([color[..., :3], cover]))
            spread_cover = np.clip(color[..., 3:], 0, 1)
        bare = 1 - spread_cover
        behind = np.divide(behind, bare, out=self.backdrop.copy(), where=bare > _LEAST_COVER)
        by = spread_cover if apart else None
        return replace(self, color=color, backdrop=behind, cover_by_channel=by)

    def times(self, gain: Floats | float) -> Picture:
        """Return the picture with all light times a gain: a number, or one a pixel (h, w, 1)."""
        gain = np.asarray(gain, np.float32)
        lit = self._with_light(self.color[..., :3] * gain)
        return lit if self.backdrop is None else replace(lit, backdrop=self.backdrop * gain)

    def transformed(self, matrix: npt.ArrayLike) -> Picture:
        """Return the picture with the colours of both layers, as columns, times a matrix (3, 3)."""
        import cv2  # recipes are read without

        rows = np.asarray(matrix, np.float64)
        if self.backdrop is None or self.cover_by_channel is None:
            light = cv2.transform(np.ascontiguousarray(self.color[..., :3]), rows)
        else:
            light = self.cover_by_channel * cv2.transform(self.straight, rows)
        made = self._with_light(np.asarray(light, np.float32))
        if self.backdrop is None:
            return made
        behind = np.asarray(cv2.transform(np.ascontiguousarray(self.backdrop), rows), np.float32)
        return replace(made, backdrop=behind)

    def _with_light(self, light: Floats) -> Picture:
        return replace(self, color=np.dstack([light, self.color[..., 3]]))
