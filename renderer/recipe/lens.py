"""What a recipe says of the distortion of its camera's lens."""

from __future__ import annotations

import math
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.distribution import Strict
from renderer.values.number import Number, support, within

Coefficient = Annotated[Number, within(-100, 100)]
LensModel = Literal["brown", "fisheye"]
# How far out a lens is followed, and in what steps: tangents, of a fisheye angles.
_STEP, _FARTHEST = 1e-3, {"brown": 100.0, "fisheye": math.pi / 2}
# So many coefficients may vary for all their extremes to be looked at.
_MOST_VARYING = 6


class Brown(Strict):
    """Brown's model: radial and tangential distortion, as OpenCV's calibrateCamera gives it."""

    k1: Coefficient = Field(0.0, description="Radial: negative bulges (barrel), positive pinches.")
    k2: Coefficient = 0.0
    p1: Coefficient = Field(0.0, description="Tangential: a lens that is not parallel to the chip.")
    p2: Coefficient = 0.0
    k3: Coefficient = 0.0
    k4: Coefficient = Field(0.0, description="With k5 and k6: of the rational model's denominator.")
    k5: Coefficient = 0.0
    k6: Coefficient = 0.0

    @property
    def in_order(self) -> dict[str, Number]:
        """The coefficients in OpenCV's order; those of the denominator only where they count."""
        rational = any(each != 0.0 for each in (self.k4, self.k5, self.k6))
        names = ("k1", "k2", "p1", "p2", "k3", *(("k4", "k5", "k6") if rational else ()))
        return {name: getattr(self, name) for name in names}


class Fisheye(Strict):
    """Kannala and Brandt's model, as OpenCV's cv2.fisheye.calibrate gives it: how far from the axis
    goes with the angle to it, and not with its tangent. All 0 is the equidistant fisheye.
    """

    k1: Coefficient = 0.0
    k2: Coefficient = 0.0
    k3: Coefficient = 0.0
    k4: Coefficient = 0.0

    @property
    def in_order(self) -> dict[str, Number]:
        """The coefficients in OpenCV's order."""
        return {"k1": self.k1, "k2": self.k2, "k3": self.k3, "k4": self.k4}


class Lens(Strict):
    """Distortion of the lens. The picture is rendered as a larger pinhole's and resampled; labels
    come from rays through the lens.
    """

    brown: Brown | None = None
    fisheye: Fisheye | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.brown is None) == (self.fisheye is None):
            raise PydanticCustomError("exclusive", "a distortion is either brown or fisheye")
        return self

    @property
    def model(self) -> LensModel:
        """Whose model it is."""
        return "fisheye" if self.brown is None else "brown"

    @property
    def coefficients(self) -> dict[str, Number]:
        """By the end of their key (``brown.k1``), in OpenCV's order."""
        chosen = self.brown or self.fisheye
        assert chosen is not None
        return {f"{self.model}.{key}": value for key, value in chosen.in_order.items()}

    def extremes(self) -> list[tuple[float, ...]]:
        """Return its coefficients, each at its least and its largest; none if they are endless."""
        spans = [sorted(set(support(value))) for value in self.coefficients.values()]
        finite = all(math.isfinite(each) for span in spans for each in span)
        if not finite or sum(len(span) > 1 for span in spans) > _MOST_VARYING:
            return []
        return list(product(*spans))


def must_not_fold(model: LensModel, coefficients: tuple[float, ...], radius: float) -> None:
    """Refuse a lens that folds back before it reaches the frame's corner. Its tangential terms,
    which are small, are looked at where images are planned.

    Args:
        model: brown or fisheye.
        coefficients: in OpenCV's order.
        radius: how far the farthest corner is from the axis, in focal lengths.

    Raises:
        PydanticCustomError: it does; says with which coefficients.

    """
    before, at = 0.0, 0.0
    while before < radius:
        at += _STEP
        reached = _distorted(model, coefficients, at)
        if reached <= before or at > _FARTHEST[model]:
            raise PydanticCustomError(
                "lens",
                "with {model} coefficients {values} the lens folds back within the frame, or sees "
                "half of all around: weaken the distortion or lengthen the focal length",
                {"model": model, "values": ", ".join(f"{each:g}" for each in coefficients)},
            )
        before = reached


def _distorted(model: LensModel, coefficients: tuple[float, ...], at: float) -> float:
    """Return how far from the axis a ray falls; ``at`` is its tangent, of a fisheye its angle."""
    k, square = (*coefficients, *[0.0] * 8), at * at
    if model == "fisheye":
        terms = (k[n] * square ** (n + 1) for n in range(4))
        return at * (1 + sum(terms))
    above = 1 + square * (k[0] + square * (k[1] + square * k[4]))
    below = 1 + square * (k[5] + square * (k[6] + square * k[7]))
    return at * above / below if below > 0 else -math.inf
