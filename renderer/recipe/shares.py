"""Shares of the images as a recipe writes them: exact, in ten-thousandths."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from renderer.values.quota import FINEST


def _in_ten_thousandths(share: float) -> float:
    if FINEST % Fraction(repr(float(share))).denominator:
        raise PydanticCustomError("share", "must have four decimals at most: it is kept exactly")
    return share


ImageShare = Annotated[float, Field(strict=True, gt=0, le=1), AfterValidator(_in_ten_thousandths)]


def must_leave_room(shares: Iterable[float], what: str) -> None:
    """Make sure that shares are no more than all images.

    Raises:
        PydanticCustomError: they are.

    """
    total = sum((Fraction(repr(float(share))) for share in shares), Fraction(0))
    if total > 1:
        raise PydanticCustomError(
            "shares",
            "the shares of {what} sum to {total}, and there is no more than 1",
            {"what": what, "total": f"{float(total):g}"},
        )
