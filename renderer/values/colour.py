"""Colours as a recipe writes them: display sRGB, the values a colour picker shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from renderer.values.distribution import Choice, Strict
from renderer.values.number import Number, within

NAMED: dict[str, str] = {
    "white": "#ffffff",
    "black": "#000000",
    "grey": "#808080",
    "gray": "#808080",
    "lightgrey": "#d9d9d9",
    "red": "#d62828",
    "green": "#2a9d54",
    "blue": "#2563eb",
    "yellow": "#f4c430",
    "beige": "#efe6d5",
}

Share = Annotated[Number, within(0, 1)]


def hex_to_rgb(text: str) -> tuple[float, float, float]:
    """Turn ``#rrggbb`` or a known colour name into display sRGB in 0..1."""
    digits = NAMED.get(text.lower(), text).lstrip("#")
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def _check_name(text: str) -> str:
    if text.lower() in NAMED:
        return text.lower()
    digits = text[1:] if text.startswith("#") else ""
    if len(digits) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in digits):
        return text.lower()
    raise PydanticCustomError(
        "colour",
        "not a colour: write '#rrggbb' in quotes, [r, g, b] in 0..1, random, or one of {names}",
        {"names": ", ".join(NAMED)},
    )


class Hsv(Strict):
    """Hue, saturation and value, each in 0..1 and each a number or a distribution."""

    hsv: tuple[Share, Share, Share]


def colour_kind(value: Any) -> str:
    """Tell which member of the ``Colour`` union a raw value means."""
    if isinstance(value, dict):
        return next((key for key in ("hsv", "choice") if key in value), "unknown")
    if isinstance(value, BaseModel):
        return next(iter(type(value).model_fields))
    if isinstance(value, str):
        return "random" if value == "random" else "name"
    return "rgb"


Named = Annotated[str, Field(strict=True), AfterValidator(_check_name)]
Rgb = tuple[Share, Share, Share]
_UNKNOWN = {
    "custom_error_type": "colour",
    "custom_error_message": "not a colour: write '#rrggbb', [r, g, b], hsv: [h, s, v], "
    "choice: [...] or random",
}

_Plain = (
    Annotated[Literal["random"], Tag("random")]
    | Annotated[Named, Tag("name")]
    | Annotated[Rgb, Tag("rgb")]
    | Annotated[Hsv, Tag("hsv")]
)
Single = Annotated[_Plain, Discriminator(colour_kind, **_UNKNOWN)]
Colour = Annotated[
    _Plain | Annotated[Choice[Single], Tag("choice")], Discriminator(colour_kind, **_UNKNOWN)
]
