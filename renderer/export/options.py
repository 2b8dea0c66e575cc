"""What may be said of every format: how the images are divided into splits."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

# Shares may be written with as many digits as one likes: 0.333333333 thrice.
_NEAR = 1e-9

By = Literal["scene", "asset", "background", "variant"]
# A side's name is one of folders and files.
_SIDE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
Share = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


def _is_a_split(shares: dict[str, float]) -> dict[str, float]:
    if not shares:
        raise PydanticCustomError("shares", "names no side: write train: 0.8 and val: 0.2, or so")
    for name in shares:
        if not _SIDE.fullmatch(name):
            raise PydanticCustomError(
                "shares",
                "the name {name} may hold up to 64 letters, digits, '_' and '-', and starts with a "
                "letter or a digit",
                {"name": repr(name)},
            )
    # Files of two sides must not meet where a disk does not tell capitals from small letters.
    if len({name.lower() for name in shares}) < len(shares):
        raise PydanticCustomError("shares", "two names differ in capital letters alone")
    total = sum(shares.values())
    if abs(total - 1) > _NEAR:
        raise PydanticCustomError(
            "shares", "the shares sum to {total}, and must sum to 1", {"total": f"{total:.9g}"}
        )
    return shares


Split = Annotated[dict[str, Share], AfterValidator(_is_a_split)]


class Options(BaseModel):
    """Base of what may be said of a format, in ``output.exports`` and with ``--option``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: Split | None = Field(
        None, description="The sides to divide the images into, and the share of each."
    )
    by: By = Field("scene", description="What must not be on two sides of the split.")

    @model_validator(mode="after")
    def _by_is_of_a_split(self) -> Self:
        if self.split is None and "by" in self.model_fields_set:
            error = PydanticCustomError("no_split", "there is no split: give one, or leave it out")
            detail = InitErrorDetails(type=error, loc=("by",), input=self.by)
            raise ValidationError.from_exception_data("options", [detail])
        return self

    @model_serializer(mode="wrap")
    def _without_no_split(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not said: there is no ``by`` without a split."""
        found: dict[str, Any] = handler(self)
        if self.split is None:
            found.pop("split", None)
            found.pop("by", None)
        return found
