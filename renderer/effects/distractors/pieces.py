"""One distractor: which model, how large, in which pose, of which colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.asset import Geometry
from renderer.colour.srgb import srgb_to_linear
from renderer.effects.distractors import stock
from renderer.effects.distractors.config import DistractorsConfig
from renderer.effects.draws import Draws
from renderer.effects.scene import SceneDraft
from renderer.geometry.rotation import any_rotation, euler, rest_on_side
from renderer.shot.scene import Frozen, Vector

Array = npt.NDArray[np.float64]

# Times the longest side of one of the objects.
_LIKE = (0.8, 1.25)
# Of look-alikes, how many have one plain colour in place of all they bring; the others' colours
# are turned about the colour circle, at least a fifth of it, and mixed with another one, since a
# black or white thing has none that could be turned.
_PLAIN, _LEAST_TURN, _TINT = 1 / 3, 0.2, 0.4


class Painted(Frozen):
    """An instance and its colour (linear Rec.709)."""

    instance: int
    color: Vector


class Turned(Frozen):
    """An instance whose colours are changed.

    Attributes:
        instance: which.
        hue: by which share of the colour circle.
        saturation: a factor.
        value: a factor.
        tint: a colour (linear Rec.709).
        mixed: the share of that in the colours then.

    """

    instance: int
    hue: float
    saturation: float
    value: float
    tint: Vector
    mixed: float


@dataclass(frozen=True)
class Piece:
    """One before it has a place.

    Attributes:
        model: its name among the effect's models.
        size_m: of its longest side.
        geometry: its model's.

    """

    model: str
    size_m: float
    geometry: Geometry

    @property
    def scale(self) -> float:
        """What makes the model so large."""
        if self.model in stock.SHAPES:
            return self.size_m
        return self.size_m / float(np.ptp(self.geometry.hull.astype(np.float64), axis=0).max())

    def turn(self, draws: Draws) -> Array:
        """Return a rotation (3, 3) in which it rests on the floor: a model stands upright in half
        of the cases, shapes lie on any side.
        """
        if self.model not in stock.SHAPES and draws.unit("upright") < 0.5:
            return euler(360 * draws.unit("yaw"), 0.0, 0.0)
        return rest_on_side(any_rotation(draws.stream, draws.path), self.geometry)

    def hull(self, turn: Array) -> Array:
        """Return the corners (n, 3) of its hull about its model's origin, turned."""
        corners: Array = self.scale * self.geometry.hull.astype(np.float64) @ turn.T
        return corners

    def to_world(self, turn: Array, offset: Array) -> Array:
        """Return (4, 4) what takes its model to the world."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = self.scale * turn, offset
        return matrix


@dataclass(frozen=True)
class Pieces:
    """Draws them.

    Attributes:
        config: what the recipe says.
        scene: where they come to.
        names: the models of each kind.

    """

    config: DistractorsConfig
    scene: SceneDraft
    names: Mapping[str, list[str]]

    def drawn(self, draws: Draws, like_objects: bool = False) -> Piece:
        """Return one by its own draws, the same in all poses."""
        model = stock.drawn(self.config, draws, self.names)
        like = like_objects or self.config.size_of_objects
        size = self._like(draws) if like else self._size_m(draws)
        return Piece(model, size, self.scene.geometry(model))

    def _size_m(self, draws: Draws) -> float:
        if self.config.size_m is not None:
            return draws.number("size_m", self.config.size_m)
        return draws.number("size", self.config.size_or_default) * self.scene.radius_m

    def _like(self, draws: Draws) -> float:
        """Return the longest side of one of the objects, or nearly so; without any, the radius."""
        factor = _LIKE[0] + (_LIKE[1] - _LIKE[0]) * draws.unit("like")
        theirs = [entry for entry in self.scene.objects if entry.category is not None]
        theirs = [entry for entry in theirs if entry.category != self.config.label]
        if not theirs:
            return factor * self.scene.radius_m
        entry = theirs[int(draws.unit("like.object") * len(theirs))]
        turn = np.array(entry.model_to_world)[:3, :3] / entry.scale
        return factor * float(np.ptp(self.scene.hull(entry.instance) @ turn, axis=0).max())

    def colours(self, piece: Piece, instance: int, draws: Draws) -> Painted | Turned | None:
        """Return what becomes of its colours: a user's models keep theirs."""
        if piece.model.startswith("model."):
            return None
        color = srgb_to_linear(draws.colour("color", self.config.color))
        if piece.model in stock.SHAPES or draws.unit("plain") < _PLAIN:
            return Painted(instance=instance, color=color)
        return Turned(
            instance=instance,
            hue=_LEAST_TURN + (1 - 2 * _LEAST_TURN) * draws.unit("hue"),
            saturation=0.6 + 0.8 * draws.unit("saturation"),
            value=0.6 + 0.6 * draws.unit("value"),
            tint=color,
            mixed=_TINT,
        )
