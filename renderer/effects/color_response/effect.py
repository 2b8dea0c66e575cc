"""How a camera renders colours and tones: a matrix on its light, a curve on what it shows."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from renderer.effects.color_response.matrix import Matrix, response
from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.picture import Floats, Picture
from renderer.effects.scene import SceneDraft
from renderer.shot.scene import Matrix3
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within

Entry = Annotated[Number, within(-4, 4)]
Row = tuple[Entry, Entry, Entry]


class ColorResponseConfig(Strict):
    """Colours (on linear light), then tones (of what is shown)."""

    hue_deg: Annotated[Number, within(-180, 180)] = Field(
        0.0, description="All hues are turned by so much; greys and luma stay."
    )
    saturation: Annotated[Number, within(0, 4)] = Field(
        1.0, description="Distance of all colours from grey, times this: 0 is black and white."
    )
    crosstalk: Annotated[Number, within(0, 0.5)] = Field(
        0.0,
        description="Colours of another sensor: each channel has of each other one a share drawn "
        "from within plus and minus this; greys stay.",
    )
    matrix: tuple[Row, Row, Row] | None = Field(
        None, description="A colour matrix of linear Rec.709 of one's own, by rows, applied first."
    )
    gamma: Annotated[Number, within(0.2, 5)] = Field(
        1.0, description="Above 1 brightens middle tones; black and white stay."
    )
    contrast: Annotated[Number, within(-0.5, 0.5)] = Field(
        0.0, description="The tone curve's slope at middle grey is 1 plus this; an S."
    )
    black: Annotated[Number, within(0, 0.5)] = Field(
        0.0, description="How bright black is shown, as by stray light: 0 to 1 of the display."
    )


class ColorResponseState(EffectState):
    """``matrix`` is all that is done to linear light; gamma, contrast and black to what is shown,
    in this order.
    """

    effect: Literal["color_response"] = "color_response"
    matrix: Matrix3
    gamma: float
    contrast: float
    black: float


class ColorResponse(Effect[ColorResponseConfig, ColorResponseState]):
    """Colours and tones of another camera: hue, saturation, a colour matrix and a tone curve, on a
    backdrop, too.
    """

    name = "color_response"
    stage = "sensor"
    Config = ColorResponseConfig
    State = ColorResponseState

    def draw(
        self, config: ColorResponseConfig, draws: Draws, scene: SceneDraft
    ) -> ColorResponseState:
        """Return matrix and curve of one shot."""
        del scene
        matrix = response(
            _own(config, draws),
            [draws.unit(f"crosstalk.{place}") for place in range(6)],
            draws.number("crosstalk", config.crosstalk),
            draws.number("hue_deg", config.hue_deg),
            draws.number("saturation", config.saturation),
        )
        return ColorResponseState(
            matrix=matrix,
            gamma=draws.number("gamma", config.gamma),
            contrast=draws.number("contrast", config.contrast),
            black=draws.number("black", config.black),
        )

    def apply(self, state: ColorResponseState, picture: Picture) -> Picture:
        """Return the picture with its colours, both layers', through the matrix."""
        return picture.transformed(state.matrix)

    def after_view(self, state: ColorResponseState, display: Floats) -> Floats:
        """Return what is shown (h, w, 3) through the tone curve."""
        tone = np.clip(display, 0, 1)
        if state.gamma != 1:
            tone = tone ** np.float32(1 / state.gamma)
        if state.contrast:
            # Through 0, 1/2 and 1; its slope there is 1 - 2c, 1 + c, 1 - 2c.
            tone = tone + np.float32(2 * state.contrast) * tone * (1 - tone) * (2 * tone - 1)
        black = np.float32(state.black)
        return np.asarray(black + (1 - black) * tone, np.float32)


def _own(config: ColorResponseConfig, draws: Draws) -> Matrix:
    """Return the recipe's own matrix, each entry drawn by itself."""
    if config.matrix is None:
        return np.eye(3)
    return np.array(
        [
            [draws.number(f"matrix.{y}.{x}", entry) for x, entry in enumerate(row)]
            for y, row in enumerate(config.matrix)
        ]
    )
