"""Which keys move measures of pictures, and how: found out on the dataset's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.colour.adaptation import neutral_under
from renderer.colour.srgb import to_linear
from renderer.colour.view_transform import apply_view
from renderer.dataset.compare.drawn import Drawn
from renderer.dataset.compare.measures import Floats, Values
from renderer.dataset.compare.pictures import (
    Pictures,
    measure_picture,
    mired_of_ratio,
    read_picture,
    recoded,
)
from renderer.dataset.compare.response import (
    LINEAR,
    MIRED,
    SQUARE,
    Axis,
    Key,
    Response,
)
from renderer.values.key import KeyPath

# So many pictures are tried with another noise or codec.
_TRIED = 30
_STOPS = np.linspace(-6, 6, 25)
_QUALITIES = np.array([25, 35, 45, 55, 65, 75, 82, 88, 93, 100])
_NOISE = 0.03
_DAYLIGHT_K = 6504.0
_QUALITY_AXIS = Axis(lambda u: -np.log2(105 - u), lambda v: 105 - np.exp2(-v), "integers")


@dataclass(frozen=True)
class Tone:
    """How bright grey light is shown by a view transform.

    Attributes:
        light: (n,) linear, ascending.
        shown: (n,) display, 0..1, never falling.

    """

    light: Floats
    shown: Floats

    @staticmethod
    def of(view: str) -> Tone:
        """Return the tone curve of one of Blender's views."""
        light = np.exp2(np.linspace(-13, 7, 481))
        grey = np.repeat(light[None, :, None], 3, axis=2).astype(np.float32)
        shown = apply_view(grey, view)[0, :, 1].astype(np.float64)
        return Tone(light, np.maximum.accumulate(np.clip(shown, 0, 1)))

    def show(self, light: Floats) -> Floats:
        """Return what is shown of light."""
        return np.asarray(np.interp(light, self.light, self.shown))

    def light_of(self, shown: Floats) -> Floats:
        """Return the light that is shown so."""
        steps = np.append(np.diff(self.shown) > 1e-7, True)
        return np.asarray(np.interp(shown, self.shown[steps], self.light[steps]))


@dataclass(frozen=True)
class Seen:
    """The pictures of a dataset, and what made them.

    Attributes:
        drawn: what was drawn.
        pictures: as measured; None where they were not.
        side: the longer side that they were brought to.

    """

    drawn: Drawn
    pictures: Pictures | None
    side: int

    @property
    def tone(self) -> Tone:
        """The tone curve of their view transform."""
        return Tone.of(self.drawn.recipe.render.view_transform)

    def key(
        self, path: KeyPath, axis: Axis, low: float, high: float, off: float, values: Values
    ) -> Key:
        """Return an effect's key with what it was in each picture."""
        of_image = self.drawn.effect(str(path[1]), str(path[2]), off)
        return Key(path, axis, low, high, of_image[values.image])


def brightness_response(seen: Seen, values: Values) -> Response:
    """Return how the mean luma follows the exposure: level by level, through the tone curve."""
    key = seen.key(("effects", "exposure", "stops"), LINEAR, -6.0, 6.0, 0.0, values)
    tone = seen.tone
    light = tone.light_of(np.arange(256) / 255)
    shown = np.stack([tone.show(light * 2.0**stops) for stops in _STOPS], axis=1)
    assert seen.pictures is not None
    moved = seen.pictures.histograms @ shown
    still = moved[:, [len(_STOPS) // 2]]
    return Response(key, _STOPS, moved - still + values.values[:, None])


def temperature_response(seen: Seen, values: Values) -> Response:
    """Return how the temperature follows the white balance: as a grey of their brightness does."""
    path: KeyPath = ("effects", "white_balance", "temperature_k")
    key = seen.key(path, MIRED, 2200.0, 20000.0, _DAYLIGHT_K, values)
    assert seen.pictures is not None
    level = float(np.median(seen.pictures.values["brightness"].values))
    light = float(seen.tone.light_of(np.array(level)))
    grey = np.full((1, 1, 3), light, np.float32)
    moves = np.linspace(-350, 350, 29)
    view, shown = seen.drawn.recipe.render.view_transform, []
    for move in moves:
        kelvin = 1e6 / np.clip(1e6 / _DAYLIGHT_K + move, 40, 590)
        red, _, blue = to_linear(apply_view(neutral_under(grey, kelvin), view))[0, 0] + 1e-5
        shown.append(mired_of_ratio(float(np.log(red / blue))))
    curve = np.array(shown) - np.interp(0, moves, shown)
    return Response(key, moves, values.values[:, None] + curve)


def noise_response(seen: Seen, values: Values) -> Response:
    """Return how noise follows the sensor's: variances add; by how much, some pictures show."""
    key = seen.key(("effects", "sensor_noise", "shot"), SQUARE, 0.0, 0.3, 0.0, values)
    tone, random = seen.tone, np.random.Generator(np.random.Philox(0))
    gains = []
    for at in _tried(values):
        path = seen.drawn.images[values.image[at]].picture
        if path is None:
            continue
        shown = read_picture(path).astype(np.float64) / 255
        light = tone.light_of(shown)
        light += _NOISE * np.sqrt(light) * random.standard_normal(light.shape)
        noisy = (np.clip(tone.show(light), 0, 1) * 255 + 0.5).astype(np.uint8)
        row, _ = measure_picture(noisy, seen.side)
        gains.append((row[5] ** 2 - values.values[at] ** 2) / _NOISE**2)
    gain = max(float(np.median(gains)), 0.0)
    moves = np.concatenate([-np.geomspace(0.09, 1e-6, 25), [0], np.geomspace(1e-6, 0.09, 25)])
    squares = values.values[:, None] ** 2 + gain * moves
    return Response(key, moves, np.sqrt(np.maximum(squares, 0)))


def compression_response(seen: Seen, values: Values) -> Response:
    """Return how blocks follow the quality of the file, tried on some pictures."""
    output = seen.drawn.recipe.output
    now = float(output.quality) if output.format == "jpeg" else 100.0
    drawn = np.full(len(values.values), now)
    key = Key(("output", "quality"), _QUALITY_AXIS, 25.0, 100.0, drawn)
    curves = []
    for at in _tried(values):
        path = seen.drawn.images[values.image[at]].picture
        if path is None:
            continue
        picture = read_picture(path)
        tried = [recoded(picture, int(quality)) for quality in _QUALITIES]
        curves.append([measure_picture(each, seen.side)[0][6] for each in tried])
    curve = np.median(np.array(curves), axis=0)
    moves = _QUALITY_AXIS.to(_QUALITIES) - float(_QUALITY_AXIS.to(np.array(now)))
    return Response(key, moves, values.values[:, None] + curve - np.interp(0, moves, curve))


def _tried(values: Values) -> list[int]:
    """Return the places of some of the pictures, evenly among them."""
    count = len(values.values)
    return sorted({round(at) for at in np.linspace(0, count - 1, min(_TRIED, count))})


PICTURE_RESPONSES = {
    "brightness": brightness_response,
    "temperature": temperature_response,
    "noise": noise_response,
    "compression": compression_response,
}
