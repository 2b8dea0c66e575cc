"""Measures against numbers that are known beforehand."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from renderer.colour.srgb import to_display
from renderer.colour.temperature import blackbody
from renderer.dataset.compare.measures import measure_boxes
from renderer.dataset.compare.pictures import PICTURE_NAMES, measure_picture, mired_of, resized
from renderer.dataset.compare.sets import SetImage


def image(*boxes: tuple[float, ...], size: tuple[int, int] = (200, 100)) -> SetImage:
    return SetImage("a", "a", size, np.array(boxes, float).reshape(-1, 4))


def test_boxes_by_hand() -> None:
    found = measure_boxes([image((0, 0, 50, 25), (25, 0, 50, 25)), image()])
    assert found["size"].values == pytest.approx([np.log2(0.25)] * 2)  # a quarter of each side
    assert found["aspect"].values == pytest.approx([1, 1])
    assert found["place_x"].values == pytest.approx([0.125, 0.25])
    assert found["place_y"].values == pytest.approx([0.125, 0.125])
    assert found["count"].values.tolist() == [2, 0]
    assert found["overlap"].values == pytest.approx([1 / 3, 1 / 3])  # half of each is shared
    assert found["overlap"].image.tolist() == [0, 0]


def test_an_image_with_a_crowd_has_no_count() -> None:
    crowded = SetImage("b", "b", (10, 10), np.zeros((0, 4)), whole=False)
    assert measure_boxes([crowded, image()])["count"].image.tolist() == [1]


def of(picture: np.ndarray, name: str, side: int = 96) -> float:
    return measure_picture(picture.astype(np.uint8), side)[PICTURE_NAMES.index(name)]


def grey(level: float = 128, size: tuple[int, int] = (96, 96)) -> np.ndarray:
    return np.full((*size, 3), level)


def test_brightness_and_contrast() -> None:
    stripes = grey(100)
    stripes[::2] = 150
    assert of(grey(51), "brightness") == pytest.approx(0.2, abs=0.005)
    assert of(stripes, "contrast") == pytest.approx(25 / 255, rel=0.1)


def test_saturation_is_that_of_the_mean_chroma() -> None:
    colour = grey(100)
    colour[..., 0] = 150
    assert of(colour, "saturation") == pytest.approx(np.log2(50 / 255 + 0.004), abs=0.1)


@pytest.mark.parametrize("kelvin", [2800, 4000, 5500, 6500, 9000])
def test_temperature_is_that_of_the_light(kelvin: float) -> None:
    colour = np.array(blackbody(kelvin), np.float32)
    shown = to_display(np.tile(colour / colour.max() * 0.6, (16, 16, 1)))
    assert mired_of((shown * 255 + 0.5).astype(np.uint8)) == pytest.approx(1e6 / kelvin, abs=4)


@pytest.mark.parametrize("planted", [4.0, 8.0])
def test_noise_is_what_was_planted(planted: float) -> None:
    random = np.random.default_rng(0)
    noisy = grey() + random.normal(0, planted, (96, 96, 1))
    # The quietest quarter of blocks has a little less than the mean.
    assert of(np.clip(noisy, 0, 255), "noise") == pytest.approx(planted, rel=0.25)
    assert of(grey(), "noise") < 0.2


def test_compression_is_seen_through_the_common_codec() -> None:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:96, :96]
    soft = 128 + 60 * np.sin(rows / 7) * np.cos(columns / 9) + random.normal(0, 6, (96, 96))
    clean = np.repeat(np.clip(soft, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(clean).save(file, "JPEG", quality=25)
    blocky = np.asarray(Image.open(file))
    assert of(blocky, "compression") > of(clean, "compression") + 0.3


def test_sharpness_falls_with_blur() -> None:
    sharp = grey().astype(np.float32)
    sharp[24:72, 24:72] = 220
    blurred = cv2.GaussianBlur(sharp, (0, 0), 2)
    assert of(sharp, "sharpness") > of(blurred, "sharpness") + 1


def test_pictures_of_any_size_are_brought_to_one() -> None:
    assert resized(np.zeros((100, 400, 3), np.uint8), 200).shape == (50, 200, 3)
    assert resized(np.zeros((50, 20, 3), np.uint8), 200).shape == (200, 80, 3)
