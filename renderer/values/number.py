"""Numbers of a recipe: a constant or a distribution, and within which bounds it must stay."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from renderer.values.distribution import (
    DISTRIBUTION_KEYS,
    Choice,
    Integers,
    LogUniform,
    LowDiscrepancy,
    Normal,
    Pair,
    SolidAngle,
    Steps,
    Stratified,
    Uniform,
)


def number_kind(value: Any) -> str:
    """Tell which member of the ``Number`` union a raw value means."""
    if isinstance(value, dict):
        return next((key for key in DISTRIBUTION_KEYS if key in value), "unknown")
    if isinstance(value, BaseModel):
        return next(iter(type(value).model_fields))
    return "constant"


_UNKNOWN = {
    "custom_error_type": "unknown_distribution",
    "custom_error_message": "not a number and not a known distribution",
}

_Plain = (
    Annotated[float, Field(strict=True, allow_inf_nan=False), Tag("constant")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[LogUniform, Tag("loguniform")]
    | Annotated[Normal, Tag("normal")]
    | Annotated[Integers, Tag("integers")]
    | Annotated[Stratified, Tag("stratified")]
    | Annotated[LowDiscrepancy, Tag("low_discrepancy")]
    | Annotated[SolidAngle, Tag("solid_angle")]
    | Annotated[Steps, Tag("steps")]
)
# What one option of a choice may be: all but another choice, whose weights would only obscure.
Single = Annotated[_Plain, Discriminator(number_kind, **_UNKNOWN)]
Number = Annotated[
    _Plain | Annotated[Choice[Single], Tag("choice")], Discriminator(number_kind, **_UNKNOWN)
]


def support(value: Number) -> Pair:
    """Return the smallest and largest value a ``Number`` can take.

    Raises nothing; an untruncated normal has infinite support.
    """
    if isinstance(value, Choice):
        spans = [support(option) for option in value.choice]
        return min(lo for lo, _ in spans), max(hi for _, hi in spans)
    if isinstance(value, float | int):
        return float(value), float(value)
    return value.support()


def within(
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: float | None = None,
    whole: bool = False,
) -> AfterValidator:
    """Constrain a ``Number``: everything it can draw lies in [low, high], or above ``above``.

    With ``whole`` only whole numbers are possible: constants, ``integers`` and choices of them.
    """

    def check(value: Number) -> Number:
        lo, hi = support(value)
        rule = _rule(low, high, above)
        if lo < low or hi > high or (above is not None and lo <= above):
            hint = ""
            if isinstance(value, Normal) and math.isinf(hi - lo):
                hint = " (truncate the normal with min and max)"
            raise PydanticCustomError(
                "out_of_range",
                "must lie {rule}, and it can be {worst}{hint}",
                {"rule": rule, "worst": _worst(lo, hi, low, above), "hint": hint},
            )
        if whole and not _is_whole(value):
            raise PydanticCustomError(
                "whole", "must be a whole number, integers: [low, high] or a choice of them"
            )
        return value

    return AfterValidator(check)


def _rule(low: float, high: float, above: float | None) -> str:
    left = f"above {above:g}" if above is not None else f"at {low:g} or more"
    if math.isinf(high):
        return left
    if above is None and not math.isinf(low):
        return f"within [{low:g}, {high:g}]"
    return f"at {high:g} or less" if above is None else f"{left} and at {high:g} or less"


def _worst(lo: float, hi: float, low: float, above: float | None) -> str:
    too_low = lo < low or (above is not None and lo <= above)
    worst = lo if too_low else hi
    return "anything" if math.isinf(worst) else f"{worst:g}"


def _is_whole(value: Number) -> bool:
    if isinstance(value, Choice):
        return all(_is_whole(option) for option in value.choice)
    if isinstance(value, float | int):
        return float(value).is_integer()
    return isinstance(value, Integers)
