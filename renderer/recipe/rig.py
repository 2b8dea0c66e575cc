"""Several cameras that see each shot at once."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.distribution import Strict
from renderer.values.number import Number, within

FULL_CIRCLE = 360.0


class Stereo(Strict):
    """Two parallel cameras, ``left`` and ``right``, side by side about the orbit's position."""

    baseline_m: Annotated[Number, within(1e-9, 1e9)] = Field(
        description="The distance of their centres, along the rows of their pictures."
    )


# All views of a shot are in memory together: so many of their pixels, as a stereo rig may have.
_MOST_STEPS, MOST_PIXELS = 100, 2 * 8192**2


class OrbitRig(Strict):
    """Views of one scene from steps along the orbit, ``00``, ``01`` and so on: the first from the
    orbit's azimuth, the others to its right around the subject, all from the same distance.
    """

    steps: Annotated[int, Field(strict=True, ge=2, le=_MOST_STEPS)] = Field(
        description="How many views each shot has."
    )
    span_deg: Annotated[Number, within(above=0.0, high=FULL_CIRCLE)] = Field(
        description="From the first view to the last; at 360 the next after the last would be the "
        "first."
    )


class Rig(Strict):
    """Several cameras that see each shot at once."""

    stereo: Stereo | None = None
    orbit: OrbitRig | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.stereo is None) == (self.orbit is None):
            raise PydanticCustomError("exclusive", "a rig has either stereo or orbit")
        return self
