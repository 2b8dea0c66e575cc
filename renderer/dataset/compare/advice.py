"""What to do about a difference: the key to move and its value, or at least where to look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from renderer.dataset.compare.box_keys import (
    OTHER_BOX_RESPONSES,
    place_response,
    size_response,
)
from renderer.dataset.compare.fit import Fitted, fit
from renderer.dataset.compare.measures import BY_NAME, Values
from renderer.dataset.compare.picture_keys import PICTURE_RESPONSES, Seen
from renderer.dataset.compare.response import Response, dotted
from renderer.dataset.compare.yaml_flow import flow

# Where to look when no value can be told: by measure, keys to raise it and keys to lower it.
_HINTS = {
    "size": ("raise camera.orbit.fill", "lower camera.orbit.fill"),
    "aspect": (
        "the dataset's boxes are too high: look at objects[].orientation, "
        "camera.orbit.elevation_deg and which models there are",
        "the dataset's boxes are too wide: look at objects[].orientation, "
        "camera.orbit.elevation_deg and which models there are",
    ),
    "place_x": ("raise camera.orbit.framing[0]", "lower camera.orbit.framing[0]"),
    "place_y": ("raise camera.orbit.framing[1]", "lower camera.orbit.framing[1]"),
    "count": ("raise objects[].count", "lower objects[].count"),
    "overlap": (
        "lower arrangement.gap, or camera.orbit.elevation_deg",
        "raise arrangement.gap, or camera.orbit.elevation_deg",
    ),
    "brightness": ("raise effects.exposure.stops", "lower effects.exposure.stops"),
    "contrast": (
        "raise lighting.lights.strength against lighting.world.strength",
        "raise lighting.world.strength against lighting.lights.strength",
    ),
    "saturation": (
        "take more colourful models and backgrounds, or render.view_transform: Standard",
        "take less colourful models and backgrounds, or render.view_transform: AgX",
    ),
    "temperature": (
        "raise effects.white_balance.temperature_k",
        "lower effects.white_balance.temperature_k",
    ),
    "sharpness": (
        "take finer textures and backgrounds, or more render.samples",
        "the dataset's pictures are too sharp: blur is missing",
    ),
    "noise": ("raise effects.sensor_noise.shot", "lower effects.sensor_noise.shot"),
    "compression": ("write output.format: jpeg of a lower output.quality", "raise output.quality"),
}


@dataclass(frozen=True)
class Advice:
    """What to do about a measure.

    Attributes:
        text: in words, with the key.
        fitted: the key with its value; None where it is not known.

    """

    text: str
    fitted: Fitted | None = None


def advise(
    names: list[str],
    seen: Seen | None,
    ours: Mapping[str, Values],
    real: Mapping[str, Values],
) -> dict[str, Advice]:
    """Return what to do about some measures.

    Args:
        names: of the measures that differ.
        seen: the dataset with what its shots have drawn; None where that is not known.
        ours: all measures of the dataset.
        real: all measures of the real set.

    """
    told, growth = {}, 1.0
    # The size first: with it, the room for places changes.
    for name in sorted(names, key=lambda each: each != "size"):
        response = _response(name, seen, ours[name], growth) if seen is not None else None
        fitted = fit(response, real[name].values) if response is not None else None
        if fitted is not None and name == "size":
            growth = _growth(ours[name], real[name])
        if fitted is not None and fitted.path == ("output", "quality"):
            fitted = replace(fitted, more=((("output", "format"), "jpeg"),))
        told[name] = _advice(name, fitted, ours[name], real[name])
    return told


def _response(name: str, seen: Seen, values: Values, growth: float) -> Response | None:
    if name == "size":
        return size_response(seen.drawn, values)
    if name in ("place_x", "place_y"):
        return place_response(seen.drawn, values, int(name == "place_y"), growth)
    if BY_NAME[name].of_pictures:
        return PICTURE_RESPONSES[name](seen, values) if name in PICTURE_RESPONSES else None
    return OTHER_BOX_RESPONSES[name](seen.drawn, values)


def _growth(ours: Values, real: Values) -> float:
    return float(np.exp2(np.median(real.values) - np.median(ours.values)))


def _advice(name: str, fitted: Fitted | None, ours: Values, real: Values) -> Advice:
    if fitted is None:
        return Advice(_HINTS[name][int(np.mean(real.values) < np.mean(ours.values))])
    values = (f"{dotted(path)}: {flow(value)}" for path, value in fitted.values)
    return Advice("; ".join(values), fitted)
