"""Objects that fall until they lie still: a pile, a bin, stacks."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.distribution import Choice, Integers, Strict, Uniform, choice_or
from renderer.values.number import Number, within

BinShape = Literal["crate", "tray", "carton"]


class Pile(Strict):
    """Objects are let go above the floor, within a circle."""

    radius: Annotated[Number, within(0, 100)] = Field(
        0.6, description="Of that circle; in one of 1 the objects had room side by side."
    )
    radius_m: Annotated[Number, within(0, 1e9)] | None = Field(
        None, description="The same in metres, instead of radius."
    )
    tumble: bool = Field(
        True,
        strict=True,
        description="Each starts in any rotation; false: in that of its orientation.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.radius_m is not None and "radius" in self.model_fields_set:
            raise PydanticCustomError("exclusive", "a pile has radius or radius_m, not both")
        return self


class Bin(Strict):
    """Objects are let go into an open container, which has no label."""

    shape: Annotated[
        Annotated[BinShape, Tag("shape")] | Annotated[Choice[BinShape], Tag("choice")],
        choice_or("shape"),
    ] = "crate"
    size_m: Annotated[Number, within(1e-9, 1e9)] | None = Field(
        None, description="Its longest outer side in metres, instead of fill."
    )
    fill: Annotated[Number, within(0.01, 1)] = Field(
        0.5, description="About how much of its depth the objects fill: that decides its size."
    )
    visible: bool = Field(
        True, strict=True, description="false: the walls hold the objects, and are not there."
    )
    tumble: bool = Field(True, strict=True, description="As in a pile.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.size_m is not None and "fill" in self.model_fields_set:
            raise PydanticCustomError("exclusive", "a bin has size_m or fill, not both")
        return self


class Stack(Strict):
    """Objects stand on each other, the broadest below, in stacks ``arrangement.gap`` apart."""

    height: Annotated[Number, within(1, 1000, whole=True)] = Field(
        Integers(integers=(2, 4)), description="How many objects a stack has."
    )
    offset: Annotated[Number, within(0, 1)] = Field(
        Uniform(uniform=(0.0, 0.2)),
        description="How far each is off the middle of that below, in half widths of the smaller.",
    )
    turn_deg: Number = Field(
        Uniform(uniform=(-12.0, 12.0)), description="How far each is turned against that below."
    )


_KINDS = ("pile", "bin", "stack")


class Drop(Strict):
    """One of ``pile``, ``bin`` and ``stack``: objects fall as rigid bodies until all lie still.
    Those with ``position_m`` stand fast, and others fall onto or into them.
    """

    pile: Pile | None = None
    bin: Bin | None = None
    stack: Stack | None = None
    friction: Annotated[Number, within(0, 2)] = Field(
        0.5, description="Between all surfaces: 0.1 is wet ice, 0.5 is cardboard, 1 is rubber."
    )
    steps: int = Field(
        1200,
        strict=True,
        ge=1,
        le=100_000,
        description="In so many steps they must lie still; else they are dropped anew.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in _KINDS) != 1:
            raise PydanticCustomError("exclusive", "a drop is one of pile, bin and stack")
        return self

    @property
    def kind(self) -> Literal["pile", "bin", "stack"]:
        """Which of them it is."""
        return "pile" if self.pile is not None else "bin" if self.bin is not None else "stack"


def _shorthand(value: Any) -> Any:
    return {value: {}} if isinstance(value, str) else value


_Named = Annotated[
    Drop,
    BeforeValidator(_shorthand, json_schema_input_type=Drop | Literal["pile", "bin", "stack"]),
]
AnyDrop = Annotated[
    Annotated[_Named, Tag("drop")] | Annotated[Choice[_Named], Tag("choice")], choice_or("drop")
]


def drops(value: Drop | Choice[Drop] | None) -> tuple[Drop, ...]:
    """Return every drop that an image may have."""
    if value is None:
        return ()
    return value.choice if isinstance(value, Choice) else (value,)
