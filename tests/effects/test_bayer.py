"""A colour filter array: one colour a pixel is kept, the others come from neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from renderer.effects import Picture
from renderer.effects.bayer.effect import Bayer, BayerState
from tests.effects.layers import disc, fused, textured, two_layers


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "grbg", "gbrg"])
def test_each_pixel_keeps_the_colour_of_its_filter(pattern: str) -> None:
    scene = two_layers(textured(30, 41, 1), textured(30, 41, 2), disc(30, 41, 9))
    before, after = fused(scene), fused(Bayer().apply(BayerState(pattern=pattern), scene))
    for place, colour in enumerate(pattern):
        row, column = divmod(place, 2)
        channel = "rgb".index(colour)
        kept, given = (each[row::2, column::2, channel] for each in (after, before))
        assert kept == pytest.approx(given, abs=1e-4)
    # Green beside: the mean of its four neighbours.
    place = pattern.index("r")
    y, x = 10 + place // 2, 10 + place % 2
    around = [before[y - 1, x, 1], before[y + 1, x, 1], before[y, x - 1, 1], before[y, x + 1, 1]]
    assert after[y, x, 1] == pytest.approx(np.mean(around), abs=1e-4)


def test_planes_and_their_edges_stay() -> None:
    flat = two_layers(np.full((21, 30, 3), 0.3), np.full((21, 30, 3), 0.3), disc(21, 30, 7))
    assert fused(Bayer().apply(BayerState(pattern="rggb"), flat)) == pytest.approx(0.3, abs=1e-5)


def test_fine_stripes_get_false_colours() -> None:
    stripes = np.zeros((20, 20, 4), np.float32)
    stripes[:, ::2, :3] = 1
    stripes[..., 3] = 1
    seen = Bayer().apply(BayerState(pattern="rggb"), Picture(stripes, None, seed=0)).color
    assert np.ptp(seen[5:15, 5:15, :3], axis=2).mean() > 0.3
