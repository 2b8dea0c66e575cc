"""What the shots of a dataset have drawn for the keys of its recipe, image by image.

A Shot has what came of a key, not always what was drawn for it (a fill becomes a distance). Every
key has a stream of its own, so that what was drawn can be drawn again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from renderer.dataset.compare.measures import Floats
from renderer.dataset.compare.sets import SetImage
from renderer.recipe.model import Recipe
from renderer.shot.shot import Shot
from renderer.values.draw import draw_number
from renderer.values.number import Number
from renderer.values.stream import Stream


@dataclass(frozen=True)
class Drawn:
    """The numbers behind the images of a dataset; NaN where they are not known.

    Attributes:
        recipe: that of the dataset.
        shots: those of the images by index, as far as they are known.
        images: the images.

    """

    recipe: Recipe
    shots: Mapping[int, Shot]
    images: Sequence[SetImage]

    def number(self, path: str, value: Number, once: bool = False) -> Floats:
        """Return (n,) what was drawn for a key.

        Args:
            path: of the key's stream.
            value: what the recipe says.
            once: whether a rejected pose left it as it was.

        """
        return np.array([self._number(each, path, value, once) for each in self.images])

    def _number(self, image: SetImage, path: str, value: Number, once: bool) -> float:
        shot = self.shots.get(image.shot)
        if shot is None or not self._repeats(shot):
            return np.nan
        attempt = 0 if once else shot.attempts - 1
        return draw_number(value, Stream(self.recipe.seed, shot.index, attempt), path)

    def _repeats(self, shot: Shot) -> bool:
        """Tell whether the recipe as it is has drawn a shot, and no scenario or other version."""
        stream = Stream(self.recipe.seed, shot.index, shot.attempts - 1)
        value, path = self.recipe.camera.orbit.azimuth_deg, "camera.orbit.azimuth_deg"
        apart = draw_number(value, stream, path) - shot.views[0].azimuth_deg
        plain = getattr(shot, "scenario", None) is None
        return plain and abs((apart + 180) % 360 - 180) < 1e-6

    def effect(self, name: str, key: str, off: float) -> Floats:
        """Return (n,) a number of an effect's state; ``off`` where the effect is."""
        return np.array([self._effect(each, name, key, off) for each in self.images])

    def _effect(self, image: SetImage, name: str, key: str, off: float) -> float:
        shot = self.shots.get(image.shot)
        if shot is None:
            return np.nan
        states: dict[str, Any] = {each.effect: each for each in shot.effects}
        for each in shot.images:
            if each.id == image.image_id:
                states |= {state.effect: state for state in each.variant.effects}
        return float(getattr(states[name], key, off)) if name in states else off
