"""Exposure doubles light a stop."""

from __future__ import annotations

import numpy as np

from renderer.effects.exposure.effect import Exposure, ExposureState


def test_a_stop_doubles_the_light() -> None:
    light = np.array([[[0.0, 0.25, 3.0]]], np.float32)
    for stops, expected in ((1, [0, 0.5, 6]), (-2, [0, 0.0625, 0.75]), (0, [0, 0.25, 3])):
        state = ExposureState(stops=stops)
        assert Exposure().before_view(state, light).tolist() == [[expected]]
