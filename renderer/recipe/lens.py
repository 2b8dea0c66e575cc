"""What a recipe says of the distortion of its camera's lens."""

from __future__ import annotations

from itertools import product
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.geometry.distortion import Distortion, LensError
from renderer.values.distribution import Strict
from renderer.values.number import Number, support, within

Coefficient = Annotated[Number, within(-100, 100)]
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
    def coefficients(self) -> dict[str, Number]:
        """By the end of their key (``brown.k1``), in OpenCV's order."""
        name = "brown" if self.brown is not None else "fisheye"
        return {f"{name}.{key}": value for key, value in getattr(self, name).in_order.items()}

    def of(self, values: tuple[float, ...]) -> Distortion | None:
        """Return the distortion of drawn coefficients; None for Brown's that are all 0."""
        if self.fisheye is not None:
            return Distortion(model="fisheye", coefficients=values)
        return Distortion(model="brown", coefficients=values) if any(values) else None

    def extremes(self) -> list[Distortion]:
        """Return what it may be with each coefficient at its least and at its largest."""
        spans = [sorted(set(support(value))) for value in self.coefficients.values()]
        if sum(len(span) > 1 for span in spans) > _MOST_VARYING:
            return []
        if not np.isfinite([each for span in spans for each in span]).all():
            return []
        found = [self.of(values) for values in product(*spans)]
        return [each for each in found if each is not None]


def must_see_all(
    K: tuple[tuple[float, float, float], ...],  # noqa: N803
    resolution: tuple[int, int],
    lenses: list[Distortion],
) -> None:
    """Refuse lenses that fold back within the frame, or see too wide.

    Raises:
        PydanticCustomError: one of them does; says which.

    """
    if not lenses:
        return
    from renderer.geometry.overscan import overscan  # slow to load, and few lenses bend

    first, second, third = K
    for lens in lenses:
        try:
            overscan((first, second, third), resolution, lens)
        except LensError as error:
            values = ", ".join(f"{each:g}" for each in lens.coefficients)
            raise PydanticCustomError(
                "lens",
                "with the coefficients {values} {error}",
                {"values": values, "error": str(error)},
            ) from None
