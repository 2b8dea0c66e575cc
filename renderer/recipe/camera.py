"""The camera of a recipe: a pinhole on an orbit around the subject."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.values.distribution import LowDiscrepancy, Number, Strict, Uniform, support, within

Pixels = Annotated[int, Field(strict=True, ge=8, le=8192)]
Signed = Annotated[Number, within(-1, 1)]


class Orbit(Strict):
    """Where the camera looks from. Azimuth 0 sees the subject's front (the camera stands on -Y),
    90 its right side (+X); elevation is the height above the horizon.
    """

    azimuth_deg: Number = LowDiscrepancy(low_discrepancy=(0.0, 360.0))
    elevation_deg: Annotated[Number, within(-90, 90)] = LowDiscrepancy(low_discrepancy=(12.0, 50.0))
    roll_deg: Number = 0.0
    fill: Annotated[Number, within(0.01, 1)] | None = Field(
        None, description="Share of the frame the subject spans; the distance follows."
    )
    distance_m: Annotated[Number, within(1e-9, 1e9)] | None = Field(
        None, description="From the subject's centre, instead of fill."
    )
    framing: tuple[Signed, Signed] = Field(
        (0.0, 0.0),
        description="Where the subject sits: 0 centred, -1 touches the left or upper edge, 1 the "
        "right or lower one.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.fill is not None and self.distance_m is not None:
            raise PydanticCustomError("exclusive", "an orbit has fill or distance_m, not both")
        return self

    @property
    def fill_or_default(self) -> Number:
        """The fill to use where no distance is given."""
        return self.fill if self.fill is not None else Uniform(uniform=(0.55, 0.8))


# Render engines know single precision: at such a focal length in pixels the directions of
# neighbouring pixels differ by 80 of its steps, and masks are exact to a hundredth of a pixel.
_LONGEST_PX = 200_000.0


class Camera(Strict):
    """Resolution, lens and orbit."""

    resolution: tuple[Pixels, Pixels] = Field((640, 480), description="Width and height in pixels.")
    focal_length_mm: Annotated[Number, within(1, 5000)] = 50.0
    sensor_width_mm: Annotated[float, Field(strict=True, gt=0, le=1000)] = 36.0
    orbit: Orbit = Orbit()

    @model_validator(mode="after")
    def _check(self) -> Self:
        longest = support(self.focal_length_mm)[1] / self.sensor_width_mm * self.resolution[0]
        if longest > _LONGEST_PX:
            raise PydanticCustomError(
                "out_of_range",
                "a focal length of {longest} pixels (focal_length_mm / sensor_width_mm x width) is "
                "beyond the {limit} at which render engines still tell pixels apart: lower "
                "focal_length_mm or raise sensor_width_mm",
                {"longest": f"{longest:,.0f}", "limit": f"{_LONGEST_PX:,.0f}"},
            )
        return self
