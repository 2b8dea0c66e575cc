"""Exposure, white balance, colours, tones, sharpening and JPEG of a camera."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.colour.temperature import blackbody
from renderer.effects.auto_exposure.effect import AutoExposure, AutoExposureState
from renderer.effects.auto_white_balance.effect import AutoWhiteBalance, AutoWhiteBalanceState
from renderer.effects.color_response.effect import (
    ColorResponse,
    ColorResponseConfig,
    ColorResponseState,
)
from renderer.effects.draws import Draws
from renderer.effects.jpeg.effect import Jpeg, JpegState
from renderer.effects.sharpening.effect import Sharpening, SharpeningState
from renderer.values.stream import Stream
from tests.effects.layers import disc, fused, textured, two_layers

SIZE = (60, 80)
BT709 = np.array([0.2126, 0.7152, 0.0722])


def grey(front: float, behind: float) -> object:
    return two_layers(
        np.full((*SIZE, 3), front), np.full((*SIZE, 3), behind), disc(*SIZE, 20), seed=0
    )


def exposed(scene: object, share: float = 1, error: float = 0) -> np.ndarray:
    state = AutoExposureState(target=0.18, share=share, error_stops=error)
    return fused(AutoExposure().apply(state, scene))


def test_the_meter_sees_both_layers() -> None:
    scene = grey(0.1, 0.9)
    before = fused(scene)
    assert exposed(scene).mean() == pytest.approx(0.18, rel=1e-4)
    assert exposed(scene, error=1).mean() == pytest.approx(0.36, rel=1e-4)
    assert exposed(scene, share=0, error=-1) == pytest.approx(before / 2)
    half = exposed(scene, share=0.5).mean()
    assert half == pytest.approx(np.sqrt(0.18 * before.mean()), rel=1e-4)
    ratio = exposed(scene) / before  # one gain for all
    assert np.ptp(ratio) < 1e-5


def test_a_camera_does_not_light_up_the_dark() -> None:
    assert exposed(grey(0.001, 0.001)) == pytest.approx(0.008, rel=1e-4)
    assert (exposed(grey(0, 0)) == 0).all()
    lamp = grey(0.18, 0.18)
    lamp.color[0, 0, :3] = 1e6
    lamp.color[0, 0, 3] = 1
    assert exposed(lamp)[30, 40] == pytest.approx(0.18, rel=0.01)


def balanced(scene: object, **state: float) -> np.ndarray:
    full = {"share": 0.0, "error_mired": 0.0, "tint": 0.0, **state}
    return fused(AutoWhiteBalance().apply(AutoWhiteBalanceState(**full), scene))


def test_the_mean_cast_is_taken_away() -> None:
    warm = textured(*SIZE, 1) * (0.8, 0.5, 0.3)
    scene = two_layers(warm, textured(*SIZE, 2) * (0.8, 0.5, 0.3), disc(*SIZE, 20))
    cast = [np.ptp(balanced(scene, share=share).mean((0, 1))) for share in (0, 0.5, 1)]
    assert cast[0] > 0.2
    assert cast[0] > 1.5 * cast[1] > 15 * cast[2]
    assert balanced(scene) == pytest.approx(fused(scene), abs=1e-6)


@pytest.mark.parametrize("kelvin", [3500.0, 5000.0, 9000.0])
def test_an_error_is_that_of_another_light(kelvin: float) -> None:
    """A camera that takes daylight for another light renders that light as white."""
    lit = np.ones((*SIZE, 3)) * blackbody(kelvin) / max(blackbody(kelvin))
    scene = two_layers(lit, lit, disc(*SIZE, 20))
    neutral = balanced(scene, error_mired=1e6 / kelvin - 1e6 / 6504)[30, 40]
    assert np.ptp(lit[0, 0]) > 0.1
    assert np.ptp(neutral) < 0.02 * neutral.mean()


def test_errors_have_their_direction() -> None:
    scene = grey(0.5, 0.5)
    cool, warm = balanced(scene, error_mired=40), balanced(scene, error_mired=-40)
    assert (cool[..., 2] > cool[..., 0] + 0.05).all()
    assert (warm[..., 0] > warm[..., 2] + 0.05).all()
    green = balanced(scene, tint=0.1)
    assert (green[..., 1] / green[..., 0]) == pytest.approx(1.1)
    assert green @ BT709 == pytest.approx(0.5, rel=1e-5)


def drawn(index: int = 0, **keys: object) -> ColorResponseState:
    config = ColorResponseConfig.model_validate(keys)
    return ColorResponse().draw(config, Draws(Stream(3, index), "effects.color_response"), None)


def test_hue_and_saturation_keep_greys_and_luma() -> None:
    scene = two_layers(textured(*SIZE, 1), textured(*SIZE, 2), disc(*SIZE, 20))
    before = fused(scene)
    for keys in ({"hue_deg": 40.0}, {"saturation": 1.6}, {"hue_deg": -120.0, "saturation": 0.3}):
        after = fused(ColorResponse().apply(drawn(**keys), scene))
        assert after @ BT709 == pytest.approx(before @ BT709, abs=1e-5), keys
        assert np.abs(after - before).max() > 0.05
        flat = fused(ColorResponse().apply(drawn(**keys), grey(0.2, 0.7)))
        assert flat == pytest.approx(fused(grey(0.2, 0.7)), abs=1e-6)
    colourless = fused(ColorResponse().apply(drawn(saturation=0.0), scene))
    assert np.ptp(colourless, axis=2).max() < 1e-5
    third = np.array(drawn(hue_deg=120.0).matrix) @ (1, 0, 0)
    assert third.argmax() == 1  # red becomes green


def test_another_sensor_is_another_in_every_image_and_knows_greys() -> None:
    matrices = [np.array(drawn(index, crosstalk=0.1).matrix) for index in range(50)]
    for matrix in matrices:
        assert matrix.sum(axis=1) == pytest.approx([1, 1, 1])
        apart = matrix[~np.eye(3, dtype=bool)]
        assert np.abs(apart).max() <= 0.1
    assert len({matrix.tobytes() for matrix in matrices}) == 50
    assert np.array(matrices)[:, 0, 1].std() == pytest.approx(0.1 / np.sqrt(3), rel=0.3)
    own = [[0.5, 0.3, 0.2], [0.0, 1.0, 0.0], [{"uniform": [0.1, 0.2]}, 0.0, 0.9]]
    state = drawn(matrix=own)
    assert state.matrix[0] == pytest.approx((0.5, 0.3, 0.2))
    assert 0.1 <= state.matrix[2][0] < 0.2


def test_the_tone_curve() -> None:
    shown = np.repeat(np.linspace(0, 1, 101, dtype=np.float32)[None, :, None], 3, 2)
    for contrast in (-0.5, -0.2, 0.2, 0.5):
        curve = ColorResponse().after_view(drawn(contrast=contrast), shown)[0, :, 0]
        assert curve[[0, 50, 100]] == pytest.approx([0, 0.5, 1], abs=1e-6)
        assert (curve[51] - curve[49]) / 0.02 == pytest.approx(1 + contrast, abs=0.01)
        assert all(a <= b + 1e-6 for a, b in pairwise(curve))
    bright = ColorResponse().after_view(drawn(gamma=2.0), shown)[0, :, 0]
    assert bright[25] == pytest.approx(0.5)
    milky = ColorResponse().after_view(drawn(black=0.1), shown)[0, :, 0]
    assert milky[[0, 50, 100]] == pytest.approx([0.1, 0.55, 1])
    assert ColorResponse().after_view(drawn(), shown) == pytest.approx(shown)


def test_sharpening_leaves_flats_and_lifts_edges() -> None:
    step = np.full((20, 40, 3), 0.4, np.float32)
    step[:, 20:] = 0.6
    state = SharpeningState(amount=1.0, sigma_px=1.0)
    sharp = Sharpening().after_view(state, step)
    assert sharp[:, 5] == pytest.approx(0.4, abs=1e-6)
    # Beside a step the blur is Phi(-1/2): 0.3085 of its height, up to the bell's sampling.
    assert sharp[10, 19, 1] == pytest.approx(0.4 - 0.2 * 0.3085, abs=0.004)
    assert sharp[10, 20, 1] == pytest.approx(0.6 + 0.2 * 0.3085, abs=0.004)
    assert np.ptp(sharp, axis=2).max() < 1e-6
    none = Sharpening().after_view(SharpeningState(amount=0, sigma_px=1), step)
    assert np.array_equal(none, step)


def test_jpeg_is_what_another_library_makes_of_it() -> None:
    y, x = np.mgrid[:64, :96]
    levels = np.stack([x * 2, y * 3, 255 - x * 2], -1).astype(np.uint8)
    levels[20:40, 30:60] = (255, 0, 0)
    shown = levels.astype(np.float32) / 255
    factors = {444: 0x111111, 422: 0x211111, 420: 0x221111}
    lost = {}
    for subsampling, factor in factors.items():
        made = Jpeg().after_view(JpegState(quality=60, subsampling=subsampling), shown)
        options = [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
        _, code = cv2.imencode(".jpg", levels[..., ::-1], options)
        theirs = cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1]
        assert np.abs(made * 255 - theirs).mean() < 0.5, subsampling
        lost[subsampling] = np.abs(made - shown).mean()
    assert lost[444] < lost[422] < lost[420]
    worse = Jpeg().after_view(JpegState(quality=10, subsampling=444), shown)
    assert np.abs(worse - shown).mean() > 2 * lost[444]
    assert Image.fromarray((made * 255).round().astype(np.uint8)).size == (96, 64)
