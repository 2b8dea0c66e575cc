"""Which keys move measures of pictures, and how: tried on some of the dataset's own pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from renderer.dataset.compare import virtual
from renderer.dataset.compare.drawn import Drawn
from renderer.dataset.compare.fit import Fitted, drawn_of
from renderer.dataset.compare.measures import Floats, Values
from renderer.dataset.compare.pictures import (
    PICTURE_NAMES,
    Bytes,
    measure_picture,
    read_picture,
)
from renderer.dataset.compare.response import LINEAR, MIRED, SQUARE, Axis, Key, Response
from renderer.dataset.compare.virtual import Tone
from renderer.registry import EFFECTS
from renderer.values.key import KeyPath

# So many pictures are tried.
TRIED = 30
_RATIO = Axis(np.log2, np.exp2, "loguniform")
_WORSE = Axis(lambda u: 100 - u, lambda v: 100 - v)

Change = Callable[[Bytes, Tone, float], Bytes]


@dataclass(frozen=True)
class Lever:
    """A key that changes pictures.

    Attributes:
        measure: what it is moved for.
        effect: its effect; empty for the file's quality.
        key: its key there.
        axis: its scale; the change is by a move along it.
        low: its smallest value that makes sense,
        high: and its largest.
        off: what it is where the effect is off.
        change: what a move does to a picture.
        tried: by how much it is tried, ascending, 0 among them.
        alone: whether its effect may be switched on for it; it does nothing else then.

    """

    measure: str
    effect: str
    key: str
    axis: Axis
    low: float
    high: float
    off: float
    change: Change
    tried: tuple[float, ...]
    alone: bool = True

    @property
    def path(self) -> KeyPath:
        """The key's path in a recipe."""
        return ("effects", self.effect, self.key) if self.effect else ("output", self.key)

    @property
    def known(self) -> bool:
        """Whether the effect is installed and has the key."""
        if not self.effect:
            return True
        there = self.effect in EFFECTS.names()
        return there and self.key in EFFECTS.get(self.effect).Config.model_fields


_STOPS = (-4.0, -2.5, -1.2, 0.0, 1.2, 2.5, 4.0)
_MIRED = (-110.0, -60.0, -25.0, 0.0, 25.0, 60.0, 140.0, 260.0)
_QUALITY_LOST = (0.0, 3.0, 8.0, 15.0, 25.0, 35.0, 50.0, 70.0)

# In the order in which they are moved: each changes what those behind it are still to make up for.
# Of two for one measure that is taken which is on, else the first that helps.
LEVERS = (
    Lever("brightness", "auto_exposure", "error_stops", LINEAR, -6, 6, 0, virtual.exposed, _STOPS,
          False),
    Lever("brightness", "exposure", "stops", LINEAR, -6, 6, 0, virtual.exposed, _STOPS),
    Lever(
        "temperature", "auto_white_balance", "error_mired", LINEAR, -105, 300, 0, virtual.balanced,
        _MIRED, False,
    ),
    Lever(
        "temperature", "white_balance", "temperature_k", MIRED, 2200, 20000, 6504,
        virtual.balanced, _MIRED,
    ),
    Lever(
        "sharpness", "lens_blur", "sigma_px", SQUARE, 0, 4, 0, virtual.blurred,
        (0.0, 0.1, 0.3, 0.8, 2.0, 6.0, 16.0),
    ),
    Lever(
        "noise", "sensor_noise", "shot", SQUARE, 0, 0.3, 0, virtual.noisy,
        (0.0, 1e-4, 4e-4, 1.6e-3, 6.4e-3, 0.0256, 0.09),
    ),
    Lever(
        "contrast", "color_response", "contrast", LINEAR, -0.5, 0.5, 0, virtual.contrasted,
        (-0.6, -0.3, 0.0, 0.3, 0.6),
    ),
    Lever(
        "saturation", "color_response", "saturation", _RATIO, 0.1, 4, 1, virtual.saturated,
        (-2.0, -1.0, -0.4, 0.0, 0.4, 1.0, 2.0),
    ),
    Lever(
        "sharpness", "sharpening", "amount", LINEAR, 0, 6, 0, virtual.sharpened,
        (0.0, 0.3, 0.8, 1.8, 4.0),
    ),
    Lever(
        "compression", "jpeg", "quality", _WORSE, 20, 100, 100, virtual.compressed, _QUALITY_LOST
    ),
    Lever(
        "compression", "", "quality", Axis(lambda u: 100 - u, lambda v: 100 - v, "integers"), 20,
        100, 100, virtual.compressed, _QUALITY_LOST,
    ),
)  # fmt: skip


@dataclass
class Trial:
    """Some pictures of a dataset with all that was decided to be done to them.

    Attributes:
        drawn: what was drawn.
        side: the longer side that pictures are brought to.
        places: which of the images are tried.
        values: (n, measures) of the pictures as they would be.

    """

    drawn: Drawn
    side: int
    places: list[int]
    values: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._tone = Tone.of(self.drawn.recipe.render.view_transform)
        self._done: list[tuple[Change, Floats]] = []
        self.values = self._measured()

    @staticmethod
    def of(drawn: Drawn, measured: Values, side: int) -> Trial:
        """Return the trial of some of the pictures that could be measured."""
        count = len(measured.image)
        chosen = {round(at) for at in np.linspace(0, count - 1, min(TRIED, count))}
        return Trial(drawn, side, [int(measured.image[at]) for at in sorted(chosen)])

    def now(self, name: str) -> Floats:
        """Return (n,) a measure of the pictures as they would be."""
        return self.values[:, PICTURE_NAMES.index(name)]

    def uses(self, lever: Lever) -> bool:
        """Tell whether the dataset has the lever's effect on."""
        return bool(np.any(np.isfinite(self._of_images(lever, np.nan))))

    def response(self, lever: Lever) -> Response:
        """Return how the lever's measure follows it."""
        column = PICTURE_NAMES.index(lever.measure)
        found = [self._measured(lever.change, by)[:, column] for by in lever.tried]
        key = Key(lever.path, lever.axis, lever.low, lever.high, self._of_images(lever, lever.off))
        return Response(key, np.array(lever.tried), np.stack(found, axis=1))

    def do(self, lever: Lever, fitted: Fitted) -> None:
        """Have it done to the pictures from here on."""
        was = self._of_images(lever, lever.off)
        wanted = drawn_of(fitted.value, len(was))
        self._done.append((lever.change, lever.axis.to(wanted) - lever.axis.to(was)))
        self.values = self._measured()

    def _of_images(self, lever: Lever, off: float) -> Floats:
        if lever.effect:
            return self.drawn.effect(lever.effect, lever.key, off)[self.places]
        output = self.drawn.recipe.output
        return np.full(len(self.places), output.quality if output.format == "jpeg" else off)

    def _measured(self, change: Change = virtual.unchanged, by: float = 0.0) -> Floats:
        """Return (n, measures) with all that was done, and a change by so much beside."""
        rows = []
        for at, place in enumerate(self.places):
            path = self.drawn.images[place].picture
            assert path is not None
            picture = read_picture(path)
            for done, moves in self._done:
                picture = done(picture, self._tone, float(moves[at]))
            rows.append(measure_picture(change(picture, self._tone, by), self.side))
        return np.array(rows)
