"""Exposure doubles light a stop."""

from __future__ import annotations

import numpy as np

from renderer.effects import Picture
from renderer.effects.exposure.effect import Exposure, ExposureState


def test_a_stop_doubles_what_is_rendered() -> None:
    light = np.array([[[0.0, 0.25, 3.0, 0.5]]], np.float32)
    behind = np.array([[[0.2, 0.4, 0.6]]], np.float32)
    for stops, expected in ((1, [0, 0.5, 6]), (-2, [0, 0.0625, 0.75]), (0, [0, 0.25, 3])):
        made = Exposure().apply(ExposureState(stops=stops), Picture(light, behind, seed=0))
        assert made.color.tolist() == [[[*expected, 0.5]]]
        assert made.backdrop is behind
