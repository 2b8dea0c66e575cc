"""White balance makes its own light neutral, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from renderer.colour.temperature import blackbody
from renderer.effects.white_balance.effect import WhiteBalance, WhiteBalanceState


def balanced(light: float, camera: float) -> np.ndarray:
    picture = np.array(blackbody(light), np.float32).reshape(1, 1, 3)
    return WhiteBalance().before_view(WhiteBalanceState(temperature_k=camera), picture)[0, 0]


@pytest.mark.parametrize("kelvin", [2500.0, 4000.0, 9000.0])
def test_its_own_light_is_neutral(kelvin: float) -> None:
    assert np.ptp(blackbody(kelvin)) > 0.05
    neutral = balanced(kelvin, kelvin)
    assert neutral == pytest.approx([neutral[1]] * 3, rel=0.01)


def test_other_light_is_warmer_or_cooler() -> None:
    warm, cool = balanced(3000, 5000), balanced(8000, 5000)
    assert warm[0] > warm[1] > warm[2]
    assert cool[0] < cool[1] < cool[2]
