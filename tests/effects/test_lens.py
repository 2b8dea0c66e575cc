"""Blur, chromatic aberration, vignetting: on both layers as on one picture."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from renderer.effects import Picture
from renderer.effects.chromatic_aberration.effect import (
    ChromaticAberration,
    ChromaticAberrationState,
)
from renderer.effects.lens_blur.effect import LensBlur, LensBlurState
from renderer.effects.vignetting.effect import Vignetting, VignettingState
from tests.effects.layers import disc, fused, textured, two_layers

SIZE = (60, 80)
SCENE = two_layers(textured(*SIZE, 1), textured(*SIZE, 2), disc(*SIZE, 18.3))


@pytest.mark.parametrize("sigma", [0.5, 1.3, 3.0])
def test_blur_goes_across_edges_as_on_one_picture(sigma: float) -> None:
    blurred = LensBlur().apply(LensBlurState(sigma_px=sigma), SCENE)
    expected = ndimage.gaussian_filter(fused(SCENE), (sigma, sigma, 0), mode="mirror", truncate=6)
    # Nine tenths of a level, at most, of light that spans 255.
    assert np.abs(fused(blurred) - expected).max() < 0.9 / 255
    assert blurred.cover.shape == (*SIZE, 1)


def test_blur_is_as_wide_on_both_sides_of_an_edge() -> None:
    """A step in the light that runs on from what is rendered into the backdrop."""
    step = np.full((40, 60, 3), 0.1)
    step[:, 30:] = 0.9
    cover = np.zeros((40, 60))
    cover[20:] = 1
    widths = []
    seen = fused(LensBlur().apply(LensBlurState(sigma_px=1.7), two_layers(step, step, cover)))
    for row in (3, 18, 19, 20, 21, 36):
        slope = np.diff(seen[row, :, 1])
        place = np.arange(len(slope))
        middle = (slope * place).sum() / slope.sum()
        widths.append(np.sqrt((slope * (place - middle) ** 2).sum() / slope.sum()))
    # A step over one pixel adds the variance of none: differences of a sampled bell.
    assert widths == pytest.approx([widths[0]] * 6, rel=1e-3)
    assert widths[0] == pytest.approx(1.7, rel=0.03)


def test_a_world_is_blurred_alike() -> None:
    light = textured(*SIZE, 3).astype(np.float32)
    alone = Picture(np.dstack([light, np.ones(SIZE, np.float32)]), None, seed=0)
    blurred = LensBlur().apply(LensBlurState(sigma_px=1.0), alone)
    expected = ndimage.gaussian_filter(light, (1.0, 1.0, 0), mode="mirror", truncate=6)
    assert blurred.color[..., :3] == pytest.approx(expected, abs=1e-3)
    assert (blurred.color[..., 3] == 1).all()


def spot(channel: int, picture: Picture) -> tuple[float, float]:
    """Where the light of one channel is, about the middle of the frame (x, y)."""
    light = fused(picture)[..., channel]
    light = np.clip(light - 0.05, 0, None)
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    middle_y, middle_x = (light.shape[0] - 1) / 2, (light.shape[1] - 1) / 2
    return (
        (light * (x - middle_x)).sum() / light.sum(),
        (light * (y - middle_y)).sum() / light.sum(),
    )


@pytest.mark.parametrize("covered", [0.0, 1.0])
def test_colours_part_by_so_many_pixels_towards_the_corners(covered: float) -> None:
    """A bright spot two thirds of the way to a corner, in either layer."""
    light = np.zeros((120, 160, 3))
    light[98:102, 131:135] = 5
    scene = two_layers(light, light, np.full((120, 160), covered))
    state = ChromaticAberrationState(red_px=3.0, blue_px=-1.5)
    parted = ChromaticAberration().apply(state, scene)
    red, green, blue = (np.array(spot(channel, parted)) for channel in range(3))
    assert green == pytest.approx(np.array(spot(1, scene)))
    share = np.hypot(*green) / np.hypot(80, 60)
    outward = green / np.hypot(*green)
    assert (red - green) @ outward == pytest.approx(3.0 * share, abs=0.1)
    assert (blue - green) @ outward == pytest.approx(-1.5 * share, abs=0.1)


def test_an_edge_of_an_object_has_fringes() -> None:
    """A black disc before white: as on one picture, though the layers are apart."""
    cover = disc(100, 100, 35)
    scene = two_layers(np.zeros((100, 100, 3)), np.ones((100, 100, 3)), cover)
    state = ChromaticAberrationState(red_px=2.0, blue_px=0.0)
    parted = fused(ChromaticAberration().apply(state, scene))
    assert parted[..., 1] == pytest.approx(fused(scene)[..., 1], abs=1e-6)
    # Red is magnified: its disc is larger by the share of the way to the corner.
    area = (1 - parted).sum(axis=(0, 1))
    radius = np.sqrt(area / np.pi)
    assert radius[0] - radius[1] == pytest.approx(2.0 * 35 / np.hypot(50, 50), abs=0.05)
    assert radius[2] == pytest.approx(radius[1], abs=1e-3)


def test_a_grey_edge_keeps_its_greys_after_the_fringe() -> None:
    """What is rendered stays a grey where its coverage differs by channel."""
    grey = np.full((60, 60, 3), 0.5)
    scene = two_layers(grey, grey, disc(60, 60, 20))
    parted = ChromaticAberration().apply(ChromaticAberrationState(red_px=3, blue_px=-3), scene)
    assert np.ptp(parted.cover, axis=2).max() > 0.5
    assert fused(parted) == pytest.approx(grey, abs=1e-5)
    covered = parted.cover.max(axis=2) > 0.01
    assert parted.straight[covered] == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.8])
def test_corners_lose_their_share_of_the_light(strength: float) -> None:
    white = two_layers(np.ones((301, 401, 3)), np.ones((301, 401, 3)), disc(301, 401, 90))
    light = fused(Vignetting().apply(VignettingState(strength=strength), white))
    assert light[150, 200] == pytest.approx(1, abs=1e-6)
    assert light[0, 0] == pytest.approx(1 - strength, abs=0.01)
    assert light[300, 400] == pytest.approx(light[0, 0])
    # The cosine of the angle at the middle of the right side, to the fourth.
    tangent = np.tan(np.arccos((1 - strength) ** 0.25)) * 200 / np.hypot(150.5, 200.5)
    assert light[150, 400] == pytest.approx(np.cos(np.arctan(tangent)) ** 4, abs=1e-3)


def test_endless_light_leaves_numbers() -> None:
    color = np.ones((20, 20, 4), np.float32)
    color[10, 10, :3] = np.inf
    behind = np.ones((20, 20, 3), np.float32)
    state = ChromaticAberrationState(red_px=1, blue_px=-1)
    for backdrop in (None, behind):
        seen = ChromaticAberration().apply(state, Picture(color, backdrop, seed=0))
        seen = LensBlur().apply(LensBlurState(sigma_px=1), seen)
        assert not np.isnan(seen.straight).any()
        assert seen.straight[0, 0] == pytest.approx(1, abs=1e-3)
