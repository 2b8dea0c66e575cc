"""The camera of a recipe: a pinhole on an orbit around the subject, or a rig of several."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from renderer.errors import UserError
from renderer.recipe.calibration import Calibration, read_calibration
from renderer.recipe.camera_preset import CameraPreset
from renderer.recipe.framing import Cut, ObjectPx, must_have_one_distance
from renderer.recipe.lens import Lens, must_not_fold
from renderer.recipe.rig import MOST_PIXELS, Rig
from renderer.values.distribution import LowDiscrepancy, Strict, Uniform
from renderer.values.files import CalibrationFile, is_glob
from renderer.values.number import Number, support, within

Pixels = Annotated[int, Field(strict=True, ge=8, le=8192)]
Resolution = tuple[Pixels, Pixels]
Signed = Annotated[Number, within(-1, 1)]
Focal = Annotated[Number, within(above=0.0)]
Principal = Annotated[Number, within(-1e5, 1e5)]


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
    cut: Annotated[Cut | None, Field(exclude_if=lambda cut: cut is None)] = None

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
# neighbouring pixels differ by 160 of its steps, and masks are exact to a hundredth of a pixel.
_LONGEST_PX = 100_000.0
# Blender's pixels are at most so many times as wide as high.
_MOST_ASPECT = 200.0


class Intrinsics(Strict):
    """The intrinsics of a real camera in pixels, instead of focal_length_mm and sensor_width_mm.
    Pixel centres lie at integer + 0.5 (OpenCV's principal point is half a pixel less).
    """

    fx: Focal | None = Field(None, description="Focal length along the rows, in pixels.")
    fy: Focal | None = Field(None, description="Focal length along the columns; fx without it.")
    cx: Principal | None = Field(None, description="The principal point's column; else the middle.")
    cy: Principal | None = Field(None, description="The principal point's row; else the middle.")
    file: CalibrationFile | None = Field(
        None, description="A calibration instead: OpenCV's YAML, or COLMAP's cameras.txt."
    )
    camera: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        None, description="Which of the cameras in COLMAP's file, by its id."
    )
    resolution: Resolution | None = Field(
        None,
        description="The picture size that the pixels are of, where it is not camera.resolution "
        "(or not in the file); of the same proportions.",
    )

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if (self.fx is None) == (self.file is None):
            raise PydanticCustomError("exclusive", "intrinsics have either fx or file")
        if self.file is None:
            if self.camera is not None:
                raise PydanticCustomError("exclusive", "camera is for a file of COLMAP's")
            return self
        if any(each is not None for each in (self.fy, self.cx, self.cy)):
            raise PydanticCustomError("exclusive", "intrinsics have either fx, fy, cx, cy or file")
        folder = (info.context or {}).get("folder")
        if folder is not None:
            self.calibration(folder)
        return self

    def corner(self, frame: Resolution) -> tuple[float, float]:
        """Return how far the frame reaches from the axis, across and down, in focal lengths: at
        least, where that varies. They are no file's.
        """
        assert self.fx is not None
        (wide, high), fy = self.resolution or frame, self.fx if self.fy is None else self.fy
        reach = []
        for side, focal, at in ((wide, self.fx, self.cx), (high, fy, self.cy)):
            low, most = (side / 2, side / 2) if at is None else support(at)
            reach.append(max(low, side - most, side / 2) / support(focal)[0])
        return reach[0], reach[1]

    def calibration(self, folder: Path) -> Calibration:
        """Return what the file says; ``folder`` is the recipe's."""
        assert self.file is not None
        if is_glob(folder, self.file):
            raise PydanticCustomError("calibration", "intrinsics.file names one file, no pattern")
        try:
            return read_calibration(folder / self.file, self.camera)
        except UserError as error:
            raise PydanticCustomError(
                "calibration", "{file} {error}", {"file": self.file, "error": str(error)}
            ) from None


class Camera(Strict):
    """Resolution, lens, orbit, rig and kind."""

    resolution: Resolution = Field((640, 480), description="Width and height in pixels.")
    focal_length_mm: Annotated[Number, within(1, 5000)] = 50.0
    sensor_width_mm: Annotated[float, Field(strict=True, gt=0, le=1000)] = 36.0
    intrinsics: Intrinsics | None = None
    distortion: Annotated[Lens | None, Field(exclude_if=lambda value: value is None)] = Field(
        None,
        description="Of the lens; that of a calibration file is taken without it. Photos and "
        "colours behind the scene are not bent.",
    )
    orbit: Orbit = Orbit()
    object_px: Annotated[ObjectPx | None, Field(exclude_if=lambda px: px is None)] = Field(
        None,
        description="The longer side of an object's box in pixels, instead of orbit.fill: of one "
        "drawn among the image's objects, which the camera then looks at; its distance follows.",
    )
    rig: Rig | None = None
    preset: CameraPreset = Field(
        "none",
        exclude_if=lambda value: value == "none",
        description="A kind of camera, whose lens, sensor and development stand for effects that "
        "are not written; each of those that are goes before, key by key, and false turns one off.",
    )

    @model_validator(mode="before")
    @classmethod
    def _size_of_file(cls, data: Any, info: ValidationInfo) -> Any:
        """Take the resolution from a calibration file that tells one, where the recipe does not."""
        folder = (info.context or {}).get("folder")
        if folder is None or not isinstance(data, dict) or "resolution" in data:
            return data
        given = data.get("intrinsics")
        if not isinstance(given, dict) or not isinstance(given.get("file"), str):
            return data
        try:
            found = Intrinsics.model_validate(given, context=info.context)
        except ValueError:
            return data  # told where it stands
        size = found.resolution or found.calibration(folder).resolution
        return data if size is None else {**data, "resolution": list(size)}

    @model_validator(mode="after")
    def _check_distance(self) -> Self:
        must_have_one_distance(self)
        return self

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        steps = self.rig.orbit.steps if self.rig is not None and self.rig.orbit is not None else 1
        if steps * self.resolution[0] * self.resolution[1] > MOST_PIXELS:
            raise PydanticCustomError(
                "out_of_range",
                "rig.orbit: the {steps} views of a shot are in memory together, and have more than "
                "{limit} million pixels: lower steps or resolution",
                {"steps": steps, "limit": MOST_PIXELS // 10**6},
            )
        return self

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        if self.intrinsics is not None:
            self._check_intrinsics(self.intrinsics, (info.context or {}).get("folder"))
            return self
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

    @model_validator(mode="after")
    def _check_lens(self, info: ValidationInfo) -> Self:
        """Look at the lens with the shortest focal length, if it is known by now."""
        given, folder, lens = self.intrinsics, (info.context or {}).get("folder"), self.distortion
        model, extremes = (lens.model, lens.extremes()) if lens is not None else (None, [])
        width, height = self.resolution
        if given is None:
            shortest = support(self.focal_length_mm)[0] / self.sensor_width_mm * width
            corner = width / 2 / shortest, height / 2 / shortest
        elif given.file is None:
            corner = given.corner(self.resolution)
        elif folder is None:
            return self  # a file that is read when shots are planned
        else:
            read = given.calibration(folder)
            if read.lens is not None and lens is not None:
                raise PydanticCustomError(
                    "exclusive",
                    "intrinsics.file says what the lens's distortion is: leave out distortion",
                )
            if read.lens is not None:
                model, extremes = read.lens, [read.coefficients]
            wide, high = read.resolution or given.resolution or self.resolution
            corner = max(read.cx, wide - read.cx) / read.fx, max(read.cy, high - read.cy) / read.fy
        for coefficients in extremes:
            assert model is not None
            must_not_fold(model, coefficients, math.hypot(*corner))
        return self

    def _check_intrinsics(self, given: Intrinsics, folder: Path | None) -> None:
        if {"focal_length_mm", "sensor_width_mm"} & self.model_fields_set:
            raise PydanticCustomError(
                "exclusive",
                "a camera has intrinsics, or focal_length_mm and sensor_width_mm, not both",
            )
        of, fx, fy = given.resolution, given.fx, given.fy
        if given.file is not None and folder is not None:
            read = given.calibration(folder)
            of, fx, fy = read.resolution or of, read.fx, read.fy
        (width, height), (wide, high) = self.resolution, of or self.resolution
        if abs(width * high / wide - height) > 1:
            raise PydanticCustomError(
                "out_of_range",
                "intrinsics are of pictures of {wide} x {high} pixels, and camera.resolution "
                "({width} x {height}) has other proportions",
                {"wide": wide, "high": high, "width": width, "height": height},
            )
        if fx is None:
            return  # a file that is read when shots are planned
        ranges = [support(fx), support(fx if fy is None else fy)]
        longest = max(high for _, high in ranges) * width / wide
        aspect = max(a[1] / b[0] for a, b in (ranges, ranges[::-1]))
        if longest > _LONGEST_PX or aspect > _MOST_ASPECT:
            raise PydanticCustomError(
                "out_of_range",
                "intrinsics: a focal length is at most {longest} pixels, and one at most {aspect} "
                "times the other",
                {"longest": f"{_LONGEST_PX:,.0f}", "aspect": f"{_MOST_ASPECT:g}"},
            )
