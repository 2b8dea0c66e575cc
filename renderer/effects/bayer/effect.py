"""A sensor that sees one colour a pixel, and what is guessed of the others."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats, Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict

Pattern = Literal["rggb", "bggr", "grbg", "gbrg"]

# Bilinear interpolation of what is at every second pixel of both axes, and of a chequerboard.
_SPARSE = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4
_CHEQUERED = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4


class BayerConfig(Strict):
    """How its filters are laid out."""

    pattern: Pattern = Field(
        "rggb", description="Colours of the four pixels in the upper left corner, row by row."
    )


class BayerState(EffectState):
    """``pattern`` names the colours of the upper left four pixels, row by row."""

    effect: Literal["bayer"] = "bayer"
    pattern: Pattern


class Bayer(Effect[BayerConfig, BayerState]):
    """Each pixel sees one colour, and has the others from its neighbours: fine structure gets soft
    and coloured, and noise gets blotches.
    """

    name = "bayer"
    stage = "sensor"
    Config = BayerConfig
    State = BayerState

    def draw(self, config: BayerConfig, draws: Draws, scene: SceneDraft) -> BayerState:
        """Return the pattern."""
        del draws, scene
        return BayerState(pattern=config.pattern)

    def apply(self, state: BayerState, picture: Picture) -> Picture:
        """Return the picture with two of three colours of each pixel interpolated."""
        import cv2  # recipes are read without

        def interpolated(planes: Floats) -> Floats:

            made = np.empty_like(planes)
            for channel, colour in enumerate("rgb"):
                kept = np.zeros(planes.shape[:2], np.float32)
                for place, filtered in enumerate(state.pattern):
                    if filtered == colour:
                        row, column = divmod(place, 2)
                        kept[row::2, column::2] = planes[row::2, column::2, channel]
                kernel = _CHEQUERED if colour == "g" else _SPARSE
                # Mirrored about the outermost pixels, so that the pattern goes on beyond them.
                made[..., channel] = cv2.filter2D(
                    kept, -1, kernel, borderType=cv2.BORDER_REFLECT_101
                )
            return made

        return picture.spread(interpolated, by_channel=True)
