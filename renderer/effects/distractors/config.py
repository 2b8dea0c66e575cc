"""What a recipe may say of distractors."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.colour import Colour
from renderer.values.distribution import Integers, Strict, Uniform
from renderer.values.files import ModelFile
from renderer.values.number import Number, within


def _unsaid(default: Any, description: str) -> Any:
    """Return a field that stands in a recipe written out only where it is said: recipes without it
    are what they were.
    """
    return Field(default, exclude_if=lambda value: value == default, description=description)


class DistractorsConfig(Strict):
    """What they are, how many, how large, how near, of which colours."""

    count: Annotated[Number, within(0, 200, whole=True)] = Integers(integers=(3, 8))
    size: Annotated[Number, within(1e-3, 100)] | None = Field(
        None, description="Length of the longest side, as a share of the subject's radius."
    )
    size_m: Annotated[Number, within(1e-9, 1e9)] | None = Field(
        None, description="Length of the longest side in metres, instead of size."
    )
    size_of_objects: Annotated[bool, Field(strict=True)] = _unsaid(
        False, "As large as the image's objects, 0.8 to 1.25 times one of them, instead of size."
    )
    distance: Annotated[Number, within(0, 1000)] = Field(
        Uniform(uniform=(0.0, 2.5)),
        description="From the subject's middle, in radii of the subject; where there is no room, "
        "as much farther out as it takes.",
    )
    color: Colour = "random"
    shapes: Annotated[bool, Field(strict=True)] = _unsaid(
        True, "Whether cubes, balls, cylinders, cones and rings are among them."
    )
    models: ModelFile | None = _unsaid(
        None, "Models that are among them: a file, or a pattern such as clutter/*.glb."
    )
    lookalikes: Annotated[bool, Field(strict=True)] = _unsaid(
        False, "Whether the objects' own models are among them, deformed and in other colours."
    )
    cover: Annotated[Number, within(0, 1)] | None = _unsaid(
        None,
        "More of them, as large as the objects, until they hide this share of the floor that is "
        "seen beside the objects; they stand in front of none.",
    )
    label: Annotated[str, Field(strict=True, min_length=1)] | None = _unsaid(
        None, "A category of their own that they are labelled as; without it they have no label."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.size is not None and self.size_m is not None:
            raise PydanticCustomError("exclusive", "distractors have size or size_m, not both")
        if self.size_of_objects and not (self.size is None and self.size_m is None):
            raise PydanticCustomError(
                "exclusive", "distractors of the objects' size have neither size nor size_m"
            )
        if not self.kinds:
            raise PydanticCustomError(
                "exclusive", "distractors without shapes need models or lookalikes: true"
            )
        return self

    @property
    def size_or_default(self) -> Number:
        """The share of the subject's radius to use where no metres are given."""
        return self.size if self.size is not None else Uniform(uniform=(0.2, 0.7))

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is among them, by how the names of its models begin."""
        chosen = {
            "shape": self.shapes,
            "model": self.models is not None,
            "lookalike": self.lookalikes,
        }
        return tuple(kind for kind, on in chosen.items() if on)
