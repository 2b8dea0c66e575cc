"""What to do about differences: keys to move and their values, or at least where to look.

A key moves more than one measure: more light shows more colour, more objects leave less room for
each. So keys are moved in an order, and what a difference is still to be made up for is looked at
after those before it; what then is no difference any more follows from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from renderer.dataset.compare.box_keys import (
    aspect_response,
    count_response,
    overlap_response,
    place_response,
    size_response,
    with_counts,
)
from renderer.dataset.compare.distance import Difference, wasserstein
from renderer.dataset.compare.drawn import Drawn
from renderer.dataset.compare.fit import Fitted, fit
from renderer.dataset.compare.hints import hint
from renderer.dataset.compare.measures import BY_NAME, Floats, Values
from renderer.dataset.compare.picture_keys import LEVERS, Trial
from renderer.dataset.compare.response import Response, dotted
from renderer.dataset.compare.yaml_flow import flow

# What is still farther apart than so many floors, once others are moved, needs a key of its own;
_LEFT = 2.0
# and what has less than this share of its distance left does not.
_MOSTLY = 0.5
_SHOT_NOISE = ("effects", "sensor_noise", "shot")


@dataclass(frozen=True)
class Advice:
    """What to do about a measure.

    Attributes:
        text: in words, with the key.
        fitted: the key with its value; None where it is not known, or another measure's does.

    """

    text: str
    fitted: Fitted | None = None


@dataclass
class Adviser:
    """Finds the keys of one comparison.

    Attributes:
        drawn: what the dataset's shots have drawn.
        ours: all measures of the dataset.
        real: all measures of the real set.
        found: how they differ.
        side: the longer side that pictures were brought to.

    """

    drawn: Drawn
    ours: Mapping[str, Values]
    real: Mapping[str, Values]
    found: Mapping[str, Difference]
    side: int
    told: dict[str, Advice] = field(default_factory=dict)

    def advise(self) -> dict[str, Advice]:
        """Return what to do about each measure that differs."""
        names = [name for name, each in self.found.items() if each.differs]
        self._boxes([name for name in names if not BY_NAME[name].of_pictures])
        self._pictures([name for name in names if BY_NAME[name].of_pictures])
        return self.told | without_values(
            [name for name in names if name not in self.told], self.ours, self.real
        )

    def _boxes(self, names: Sequence[str]) -> None:
        ours, growth, moved = dict(self.ours), 1.0, list[str]()
        for name in ("count", "size", "place_x", "place_y", "aspect", "overlap"):
            if name not in names:
                continue
            if moved and not self._left(name, ours[name].values):
                self._follows(name, moved)
                continue
            fitted = self._fit(name, self._of_boxes(name, ours[name], growth))
            if fitted is None:
                continue
            moved.append(name)
            if name == "count":
                ours = with_counts(self.drawn, ours, self.real["count"])
            if name == "size":
                growth = _growth(ours[name], self.real[name])

    def _of_boxes(self, name: str, values: Values, growth: float) -> Response | None:
        if name.startswith("place"):
            return place_response(self.drawn, values, int(name == "place_y"), growth)
        return {
            "count": count_response,
            "size": size_response,
            "aspect": aspect_response,
            "overlap": overlap_response,
        }[name](self.drawn, values)

    def _pictures(self, names: Sequence[str]) -> None:
        if not names:
            return
        trial, moved = Trial.of(self.drawn, self.ours[names[0]], self.side), list[str]()
        levers = [each for each in LEVERS if each.measure in names and each.known]
        used = {lever.measure for lever in levers if trial.uses(lever)}
        for lever in levers:
            name = lever.measure
            if name in moved or not (trial.uses(lever) or (lever.alone and name not in used)):
                continue
            if moved and not self._left(name, trial.now(name)):
                continue
            fitted = self._fit(name, trial.response(lever))
            if fitted is not None:
                moved.append(name)
                trial.do(lever, fitted)
        for name in names:
            if name not in moved and moved and not self._left(name, trial.now(name)):
                self._follows(name, moved)

    def _left(self, name: str, values: Floats) -> bool:
        """Tell whether a measure is still to be made up for, where it is as in ``values``."""
        left, of = wasserstein(values, self.real[name].values), self.found[name]
        return left > max(_LEFT * of.floor, _MOSTLY * of.distance)

    def _fit(self, name: str, response: Response | None) -> Fitted | None:
        fitted = fit(response, self.real[name].values) if response is not None else None
        if fitted is None:
            return None
        if fitted.path == ("output", "quality"):
            fitted = replace(fitted, more=((("output", "format"), "jpeg"),))
        if fitted.path == _SHOT_NOISE and response is not None and response.key.drawn.any():
            # A state has the noise at its own ISO; the value is that at 100.
            fitted = replace(fitted, more=(((*_SHOT_NOISE[:-1], "iso"), 100),))
        values = (f"{dotted(path)}: {flow(value)}" for path, value in fitted.values)
        self.told[name] = Advice("; ".join(values), fitted)
        return fitted

    def _follows(self, name: str, moved: Sequence[str]) -> None:
        titles = " and ".join(BY_NAME[each].title.lower() for each in moved)
        self.told[name] = Advice(f"follows from {titles}: move that first")


def _growth(ours: Values, real: Values) -> float:
    return float(np.exp2(np.median(real.values) - np.median(ours.values)))


def without_values(
    names: Sequence[str], ours: Mapping[str, Values], real: Mapping[str, Values]
) -> dict[str, Advice]:
    """Return where to look for some measures of which no value is known."""
    return {
        name: Advice(hint(name, float(np.mean(real[name].values) - np.mean(ours[name].values))))
        for name in names
    }
