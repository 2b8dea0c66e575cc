"""What a lamp shines through: blinds, the bars of a window, leaves."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Tag

from renderer.values.distribution import Choice, Strict, Uniform, choice_or
from renderer.values.number import Number, within

PatternKind = Literal["none", "blinds", "window", "leaves"]


KindOrChoice = Annotated[
    Annotated[PatternKind, Tag("kind")] | Annotated[Choice[PatternKind], Tag("choice")],
    choice_or("kind"),
]
OpenShare = Annotated[Number, within(0.05, 0.95)]


class Pattern(Strict):
    """What throws a pattern of light and shadow. It stands between lamp and subject, and is in no
    picture and no label; how sharp its shadow is follows from the lamp's size.
    """

    kind: KindOrChoice = "window"
    size: Annotated[Number, within(0.1, 100)] = Field(
        Uniform(uniform=(2.0, 4.0)), description="What is lit through it, in radii of the subject."
    )
    open: OpenShare = Field(
        Uniform(uniform=(0.4, 0.75)), description="Share of it that lets light through."
    )


def _pattern_shorthand(value: Any) -> Any:
    is_choice = isinstance(value, dict) and "choice" in value
    return {"kind": value} if isinstance(value, str) or is_choice else value


OnePattern = Annotated[
    Pattern,
    BeforeValidator(
        _pattern_shorthand, json_schema_input_type=Pattern | PatternKind | Choice[PatternKind]
    ),
]
