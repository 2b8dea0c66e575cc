"""What is measured of images and objects, each on a scale on which equal steps look alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.dataset.compare.sets import SetImage

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One thing that is compared.

    Attributes:
        name: of the measure, in tables and JSON.
        title: for people.
        unit: of its scale.
        step: a difference in that unit that nobody would act on; distances are not told finer.
        show: how a value is written for people.
        of_pictures: whether it is of pictures, and else of boxes.

    """

    name: str
    title: str
    unit: str
    step: float
    show: Callable[[float], str]
    of_pictures: bool = False


def _plain(value: float) -> str:
    return f"{value:.3g}"


def _double(value: float) -> str:
    return f"{2**value:.3g}"


def _percent(value: float) -> str:
    return f"{100 * 2**value:.3g} %"


def _kelvin(value: float) -> str:
    return f"{round(1e6 / value, -1):.0f} K" if value > 10 else "blue"


MEASURES = (
    Measure("size", "Box size", "log2 of the root of the share of the image", 0.02, _percent),
    Measure("aspect", "Box aspect", "log2 of width / height", 0.02, _double),
    Measure("place_x", "Place across", "box centre, 0 left to 1 right", 0.005, _plain),
    Measure("place_y", "Place down", "box centre, 0 top to 1 bottom", 0.005, _plain),
    Measure("count", "Objects per image", "objects", 0.05, _plain),
    Measure("overlap", "Overlap", "largest IoU with another box", 0.005, _plain),
    Measure("brightness", "Brightness", "mean luma, 0 to 1", 0.004, _plain, True),
    Measure("contrast", "Contrast", "standard deviation of luma", 0.003, _plain, True),
    Measure("saturation", "Saturation", "log2 of the mean chroma", 0.03, _percent, True),
    Measure("temperature", "Colour temperature", "mired, larger is warmer", 2.0, _kelvin, True),
    Measure("sharpness", "Sharpness", "log2 of the Laplacian's energy", 0.05, _double, True),
    Measure("noise", "Noise", "standard deviation, 8-bit levels", 0.05, _plain, True),
    Measure(
        "compression", "Compression", "log2 of steps at 8x8 blocks to others", 0.02, _double, True
    ),
)
BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True)
class Values:
    """A measure of one set.

    Attributes:
        values: (n,) one for each object or image.
        image: (n,) which image of the set each is of, by its place.

    """

    values: Floats
    image: npt.NDArray[np.int64]


def measure_boxes(images: Sequence[SetImage]) -> dict[str, Values]:
    """Return every measure of boxes; of each object but the count, which is of each image."""
    found = {name: _each(images, function) for name, function in _OF_BOXES.items()}
    whole = [(len(image.boxes), at) for at, image in enumerate(images) if image.whole]
    counts = np.array(whole, np.float64).reshape(-1, 2)
    found["count"] = Values(counts[:, 0], counts[:, 1].astype(np.int64))
    return found


def _each(images: Sequence[SetImage], function: Callable[[SetImage], Floats]) -> Values:
    parts = [function(image) for image in images]
    places = [np.full(len(part), at, np.int64) for at, part in enumerate(parts)]
    return Values(np.concatenate([*parts, []]), np.concatenate([*places, np.empty(0, np.int64)]))


def _size(image: SetImage) -> Floats:
    width, height = image.size
    return np.asarray(np.log2(image.boxes[:, 2] * image.boxes[:, 3] / (width * height)) / 2)


def _aspect(image: SetImage) -> Floats:
    return np.asarray(np.log2(image.boxes[:, 2] / image.boxes[:, 3]))


def _across(image: SetImage) -> Floats:
    return np.asarray((image.boxes[:, 0] + image.boxes[:, 2] / 2) / image.size[0])


def _down(image: SetImage) -> Floats:
    return np.asarray((image.boxes[:, 1] + image.boxes[:, 3] / 2) / image.size[1])


def _overlap(image: SetImage) -> Floats:
    """Return of each box the largest intersection over union with another of its image."""
    low, high = image.boxes[:, :2], image.boxes[:, :2] + image.boxes[:, 2:]
    span = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    both = np.prod(np.maximum(span, 0), axis=2)
    area = np.prod(image.boxes[:, 2:], axis=1)
    shared = both / np.maximum(area[:, None] + area[None] - both, 1e-9)
    np.fill_diagonal(shared, 0)
    return np.asarray(shared.max(1)) if len(area) else np.empty(0)


_OF_BOXES: dict[str, Callable[[SetImage], Floats]] = {
    "size": _size,
    "aspect": _aspect,
    "place_x": _across,
    "place_y": _down,
    "overlap": _overlap,
}
