"""Losses of a JPEG that the camera wrote, whatever format the dataset's images have."""

from __future__ import annotations

import io
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, Tag

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats
from renderer.effects.scene import SceneDraft
from renderer.shot.shot import EffectState
from renderer.values.distribution import Choice, Strict, choice_or
from renderer.values.number import Number, within

Subsampling = Literal[444, 422, 420]
# Pillow's numbers for them.
_PILLOW = {444: 0, 422: 1, 420: 2}


class JpegConfig(Strict):
    """How well it is kept."""

    quality: Annotated[Number, within(1, 100)] = Field(
        85.0, description="1 to 100, as libjpeg has it; rounded to a whole number."
    )
    subsampling: Annotated[
        Annotated[Subsampling, Tag("subsampling")] | Annotated[Choice[Subsampling], Tag("choice")],
        choice_or("subsampling"),
    ] = Field(
        420,
        description="Resolution of colour: 444 is full, 422 has half the columns, 420 half the "
        "rows, too.",
    )


class JpegState(EffectState):
    """``quality`` as libjpeg has it; ``subsampling`` of colour."""

    effect: Literal["jpeg"] = "jpeg"
    quality: int
    subsampling: Subsampling


class Jpeg(Effect[JpegConfig, JpegState]):
    """The picture is written as a JPEG and read again, in memory: blocks and blurred colours, in
    PNG images, too.
    """

    name = "jpeg"
    stage = "display"
    Config = JpegConfig
    State = JpegState

    def draw(self, config: JpegConfig, draws: Draws, scene: SceneDraft) -> JpegState:
        """Return quality and subsampling of one shot."""
        del scene
        return JpegState(
            quality=round(draws.number("quality", config.quality)),
            subsampling=_chosen(config.subsampling, draws),
        )

    def after_view(self, state: JpegState, display: Floats) -> Floats:
        """Return the picture (h, w, 3) as it is read from the JPEG."""
        from PIL import Image  # recipes are read without

        levels = np.clip(display, 0, 1) * np.float32(255) + np.float32(0.5)
        buffer = io.BytesIO()
        Image.fromarray(levels.astype(np.uint8)).save(
            buffer, "JPEG", quality=state.quality, subsampling=_PILLOW[state.subsampling]
        )
        buffer.seek(0)
        with Image.open(buffer) as image:
            return np.asarray(image, np.float32) / np.float32(255)


def _chosen(subsampling: Subsampling | Choice[Subsampling], draws: Draws) -> Subsampling:
    if isinstance(subsampling, Choice):
        drawn: Subsampling = draws.choice("subsampling", subsampling)
        return drawn
    return subsampling
