"""Sensor noise: its variance is linear in the signal, its numbers follow from the seed."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from renderer.effects import Draws, Picture
from renderer.effects.normal_noise import normal_noise
from renderer.effects.sensor_noise.effect import SensorNoise, SensorNoiseConfig, SensorNoiseState
from renderer.values.stream import Stream

STATE = SensorNoiseState(shot=0.05, read=0.01)


def ramp(cover: float = 1.0, backdrop: float | None = None) -> Picture:
    """Sixteen columns of greys from 0 to 3, premultiplied."""
    color = np.empty((4000, 16, 4), np.float32)
    color[..., :3] = np.linspace(0, 3, 16)[:, None] * cover
    color[..., 3] = cover
    behind = None
    if backdrop is not None:
        behind = np.full((4000, 16, 3), backdrop, np.float32)
    return Picture(color, behind, seed=7)


def test_variance_is_linear_in_the_signal() -> None:
    clean = ramp()
    noise = (SensorNoise().apply(STATE, clean).color - clean.color)[..., :3].astype(float)
    signal = np.linspace(0, 3, 16)
    expected = 0.05**2 * signal + 0.01**2
    # The variance of n normal numbers is known to sqrt(2 / n): 1.3 % of 12,000.
    assert noise.var(axis=(0, 2)) == pytest.approx(expected, rel=0.06)
    slope, read = np.polyfit(signal, noise.var(axis=(0, 2)), 1)
    assert slope == pytest.approx(0.05**2, rel=0.03)
    assert read == pytest.approx(0.01**2, rel=0.5)
    assert np.abs(noise.mean(axis=(0, 2))).max() < 0.005
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert abs(np.corrcoef(noise[..., a].ravel(), noise[..., b].ravel())[0, 1]) < 0.02


def test_one_sensor_sees_render_and_backdrop() -> None:
    """A grey before the same grey: however much of it covers a pixel, the noise is the same."""
    sums = []
    for cover in (0.0, 0.3, 1.0):
        noisy = SensorNoise().apply(STATE, ramp(cover, backdrop=0.6))
        mixed = (
            noisy.color[:, 3, :3] + (1 - cover) * noisy.backdrop[:, 3]
        )  # column 3: a grey of 0.6
        sums.append(mixed)
    assert sums[0].std() == pytest.approx(np.sqrt(0.05**2 * 0.6 + 0.01**2), rel=0.03)
    for other in sums[1:]:
        assert other == pytest.approx(sums[0], abs=1e-5)


def test_the_seed_decides() -> None:
    clean = ramp()
    first, again = (SensorNoise().apply(STATE, clean).color for _ in range(2))
    assert np.array_equal(first, again)
    other = SensorNoise().apply(STATE, replace(clean, seed=8)).color
    assert np.abs(first - other)[..., :3].mean() > 0.01
    assert np.array_equal(first[..., 3], clean.color[..., 3])
    # Pinned: the raw bits of Philox are what numpy promises, their quantiles the bell's.
    (raw,) = np.random.Philox(key=7).random_raw(1).tolist()
    places = [raw >> shift & 0xFFFF for shift in (0, 16, 32)]
    expected = [0.01 * NormalDist().inv_cdf((place + 0.5) / 65536) for place in places]
    assert first[0, 0, :3] == pytest.approx(expected, rel=1e-5)


def test_the_numbers_are_normal() -> None:
    numbers = normal_noise(3, (401, 403, 3)).astype(float).ravel()
    assert abs(numbers.mean()) < 5 / np.sqrt(numbers.size)
    assert numbers.std() == pytest.approx(1, abs=5 / np.sqrt(2 * numbers.size))
    assert stats.kstest(numbers, "norm").pvalue > 0.001
    assert stats.kurtosis(numbers) == pytest.approx(0, abs=0.04)
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.01
    assert abs(np.corrcoef(numbers[:-1209], numbers[1209:])[0, 1]) < 0.01


def test_iso_doubles_both_every_two_stops() -> None:
    draws = Draws(Stream(0, 0), "effects.sensor_noise")
    state = SensorNoise().draw(SensorNoiseConfig(shot=0.01, read=0.002, iso=1600), draws, None)
    assert (state.shot, state.read) == pytest.approx((0.04, 0.008))
    assert SensorNoise().draw(SensorNoiseConfig(), draws, None) == SensorNoiseState(
        shot=0.02, read=0.003
    )


def test_no_noise_is_no_change() -> None:
    clean = ramp(0.5, backdrop=0.6)
    same = SensorNoise().apply(SensorNoiseState(shot=0, read=0), clean)
    assert np.array_equal(same.color, clean.color)
    assert same.backdrop == pytest.approx(clean.backdrop, abs=1e-6)
