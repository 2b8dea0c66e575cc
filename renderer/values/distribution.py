"""Distributions: what each of them is, its parameters and its support.

A recipe names one by the key of a mapping: ``{uniform: [35, 70]}``. ``renderer/values/draw.py``
draws from them.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, model_validator
from pydantic_core import PydanticCustomError

T = TypeVar("T")
Real = Annotated[float, Field(strict=True)]
Pair = tuple[Real, Real]
Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]


class Strict(BaseModel):
    """Base of every recipe model: frozen, and unknown keys are errors."""

    # Validators are built when they are first used: those of a whole recipe take a moment, which a
    # command that reads none need not wait for.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


def _ordered(key: str, lo: float, hi: float) -> None:
    if not math.isfinite(hi - lo):
        raise PydanticCustomError("impossible_range", "{key} needs finite bounds", {"key": key})
    if lo > hi:
        raise PydanticCustomError(
            "impossible_range",
            "{key} needs [low, high] with low <= high, and {lo} > {hi}",
            {"key": key, "lo": lo, "hi": hi},
        )


class _Range(Strict):
    """A distribution given by one ``[low, high]`` pair under its own name."""

    def bounds(self) -> Pair:
        """Return (low, high)."""
        name = next(iter(type(self).model_fields))
        lo, hi = getattr(self, name)
        return float(lo), float(hi)

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        name = next(iter(type(self).model_fields))
        _ordered(name, *self.bounds())
        return self

    def support(self) -> Pair:
        """Return the smallest and the largest value that can be drawn."""
        return self.bounds()


class Uniform(_Range):
    """Every value of [low, high) is equally likely."""

    uniform: Pair


class LogUniform(_Range):
    """The logarithm is uniform: each doubling is equally likely. For powers and scales."""

    loguniform: Pair

    @model_validator(mode="after")
    def _check_positive(self) -> Self:
        if self.loguniform[0] <= 0:
            raise PydanticCustomError("impossible_range", "loguniform needs bounds above zero")
        if not math.isfinite(self.loguniform[1] / self.loguniform[0]):
            raise PydanticCustomError("impossible_range", "loguniform needs bounds less far apart")
        return self


class Integers(_Range):
    """Every whole number from low to high, both included, is equally likely."""

    integers: tuple[Whole, Whole]


class LowDiscrepancy(_Range):
    """Even coverage of [low, high] by every prefix and every subset of consecutive images."""

    low_discrepancy: Pair


class SolidAngle(_Range):
    """An angle in degrees above the horizon, drawn so that equal areas of the sphere get equal
    numbers of views (its sine is uniform), with even coverage as in ``low_discrepancy``.
    """

    solid_angle: Pair

    @model_validator(mode="after")
    def _check_degrees(self) -> Self:
        if self.solid_angle[0] < -90 or self.solid_angle[1] > 90:
            raise PydanticCustomError("impossible_range", "solid_angle lies within [-90, 90]")
        return self


class Stratified(_Range):
    """Exactly one value in each of ``strata`` equal parts of [low, high] in every ``strata``
    consecutive images, in an order of its own.
    """

    stratified: Pair
    strata: int = Field(16, strict=True, ge=2, le=4096)


class Steps(_Range):
    """The exact positions low, low + (high - low) / of, ... one an image, over and over: a
    turntable. The high end itself is left out, as 360 degrees are 0.
    """

    steps: Pair
    of: int = Field(strict=True, ge=1, le=1_000_000)


class Normal(Strict):
    """A bell curve of [mean, standard deviation], truncated to [min, max] where given."""

    normal: Pair
    min: Real | None = None
    max: Real | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        mean, deviation = self.normal
        low, high = self.truncation()
        if not (math.isfinite(mean) and math.isfinite(deviation)) or low != low or high != high:
            raise PydanticCustomError("impossible_range", "normal needs finite numbers")
        if deviation < 0:
            raise PydanticCustomError("impossible_range", "normal needs a deviation of 0 or more")
        if low > high:
            raise PydanticCustomError("impossible_range", "normal has min above max")
        # Past eight deviations the truncated tail has no float64 probability left to invert.
        if deviation > 0 and not (low - 8 * deviation < mean < high + 8 * deviation):
            raise PydanticCustomError(
                "impossible_range", "normal has its mean over 8 deviations outside [min, max]"
            )
        if deviation == 0 and not low <= mean <= high:
            raise PydanticCustomError("impossible_range", "normal has its mean outside [min, max]")
        return self

    def support(self) -> Pair:
        """Return the truncation bounds (infinite where not truncated)."""
        if self.normal[1] == 0:
            return self.normal[0], self.normal[0]
        return self.truncation()

    def truncation(self) -> Pair:
        """Return (min, max), infinite where not given."""
        low = -math.inf if self.min is None else self.min
        return low, math.inf if self.max is None else self.max


class Choice(Strict, Generic[T]):
    """One of the options, equally likely or by ``weights``."""

    choice: tuple[T, ...] = Field(min_length=1)
    weights: tuple[Real, ...] | None = None

    @model_validator(mode="after")
    def _check_weights(self) -> Self:
        if self.weights is None:
            return self
        if len(self.weights) != len(self.choice):
            raise PydanticCustomError(
                "weights",
                "weights has {weights} entries for {options} options",
                {"weights": len(self.weights), "options": len(self.choice)},
            )
        if min(self.weights) < 0 or not 0 < sum(self.weights) < math.inf:
            raise PydanticCustomError("weights", "weights must be >= 0 with a sum above zero")
        return self


DISTRIBUTION_KEYS = (
    "uniform",
    "loguniform",
    "normal",
    "integers",
    "choice",
    "stratified",
    "low_discrepancy",
    "solid_angle",
    "steps",
)


def choice_or(kind: str) -> Discriminator:
    """Return the discriminator between ``{choice: [...]}`` and the plain model tagged ``kind``."""

    def kind_of(value: Any) -> str:
        if isinstance(value, dict):
            return "choice" if "choice" in value else kind
        return "choice" if isinstance(value, Choice) else kind

    return Discriminator(kind_of)
