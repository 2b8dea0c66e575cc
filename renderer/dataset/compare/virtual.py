"""What an effect would make of a picture that is there already, nearly: without another render."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from renderer.colour.adaptation import neutral_under
from renderer.colour.luma import LUMA
from renderer.dataset.compare.measures import Floats
from renderer.dataset.compare.pictures import Bytes, recoded

# What a white balance that is off takes for neutral.
DAYLIGHT_MIRED = 1e6 / 6504
_COOLEST, _WARMEST = 41.0, 590.0


@dataclass(frozen=True)
class Tone:
    """A view transform, there and (for greys exactly) back.

    Attributes:
        view: one of Blender's views.
        light: (n,) linear, ascending.
        shown: (n,) how bright grey light is shown, 0..1, never falling.

    """

    view: str
    light: Floats
    shown: Floats

    @staticmethod
    def of(view: str) -> Tone:
        """Return that of a view."""
        from renderer.colour.view_transform import apply_view

        light = np.exp2(np.linspace(-13, 7, 481))
        grey = np.repeat(light[None, :, None], 3, axis=2).astype(np.float32)
        shown = apply_view(grey, view)[0, :, 1].astype(np.float64)
        shown = np.maximum.accumulate(np.clip(shown, 0, 1))
        rising = np.append(np.diff(shown) > 1e-7, True)
        return Tone(view, light[rising], shown[rising])

    def relit(self, picture: Bytes, change: Callable[[Floats], Floats]) -> Bytes:
        """Return a picture (h, w, 3) whose light was changed. Where it is not, not a bit of it is:
        what is added is the difference of what is shown of both.
        """
        from renderer.colour.view_transform import apply_view

        light = np.interp(picture / 255.0, self.shown, self.light)
        before, after = (
            apply_view(np.asarray(each, np.float32), self.view).astype(np.float64)
            for each in (light, change(light))
        )
        return _in_bytes(picture / 255.0 + np.clip(after, 0, 1) - np.clip(before, 0, 1))


def unchanged(picture: Bytes, tone: Tone, by: float) -> Bytes:
    """Return a picture as it is."""
    del tone, by
    return picture


def exposed(picture: Bytes, tone: Tone, stops: float) -> Bytes:
    """Return a picture with two to the stops times the light."""
    return tone.relit(picture, lambda light: light * 2.0**stops)


def balanced(picture: Bytes, tone: Tone, mired: float) -> Bytes:
    """Return a picture whose neutral is another by some mired; above 0 it gets cooler."""
    kelvin = 1e6 / float(np.clip(DAYLIGHT_MIRED + mired, _COOLEST, _WARMEST))

    def change(light: Floats) -> Floats:
        return neutral_under(np.asarray(light, np.float32), kelvin).astype(np.float64)

    return tone.relit(picture, change)


def saturated(picture: Bytes, tone: Tone, doublings: float) -> Bytes:
    """Return a picture whose colours are two to the doublings times as far from grey."""

    def change(light: Floats) -> Floats:
        grey = (light @ LUMA)[..., None]
        return np.asarray(np.maximum(grey + (light - grey) * 2.0**doublings, 0))

    return tone.relit(picture, change)


def contrasted(picture: Bytes, tone: Tone, slope: float) -> Bytes:
    """Return a picture whose tones are steeper by a slope at middle grey, and keep their ends."""
    del tone
    shown = picture / 255.0
    return _in_bytes(shown + 2 * slope * (shown - 0.5) * (shown - shown**2) * 2)


def noisy(picture: Bytes, tone: Tone, variance: float) -> Bytes:
    """Return a picture with light's own noise of a variance where the signal is 1."""
    random = np.random.Generator(np.random.Philox(0))
    normal = random.standard_normal(picture.shape)
    return tone.relit(
        picture, lambda light: np.maximum(light + normal * np.sqrt(variance * light), 0)
    )


def blurred(picture: Bytes, tone: Tone, variance: float) -> Bytes:
    """Return a picture with a blur of a variance in square pixels."""
    del tone
    if variance <= 0:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(np.sqrt(variance))), np.uint8)


def sharpened(picture: Bytes, tone: Tone, amount: float) -> Bytes:
    """Return a picture with an unsharp mask on its luma."""
    del tone
    luma = (picture @ LUMA).astype(np.float32)
    detail = luma - cv2.GaussianBlur(luma, (0, 0), 1.0)
    return _in_bytes((picture + amount * detail[..., None]) / 255.0)


def compressed(picture: Bytes, tone: Tone, worse: float) -> Bytes:
    """Return a picture as a JPEG has it; ``worse`` is what it lacks of a
    quality of 100, and at 0 it stays as it is.
    """
    del tone
    return recoded(picture, max(round(100 - worse), 1)) if worse >= 1 else picture


def _in_bytes(shown: Floats) -> Bytes:
    return (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8)
