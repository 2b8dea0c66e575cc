"""What a recipe may say of size and place of one object in the frame, beside fill and distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.values.distribution import Strict
from renderer.values.number import Number, support, within

if TYPE_CHECKING:
    from renderer.recipe.camera import Camera

ObjectPx = Annotated[Number, within(2, 8192)]


class Cut(Strict):
    """In a share of the images the frame's edge cuts an object: the camera is moved sideways until
    so much of it lies beyond, from a tenth of the limit to the limit.
    """

    share: float = Field(strict=True, ge=0, le=1, description="Of the images in which one is cut.")
    limit: float = Field(
        0.5,
        strict=True,
        ge=0.05,
        le=0.95,
        description="The largest share of the object (its amodal mask) that lies beyond. In such "
        "an image it stands for accept.max_truncation.",
    )


def must_have_one_distance(camera: Camera) -> None:
    """Make sure that a camera's distance is said once, and that what is asked for fits the frame.

    Raises:
        ValidationError: it is not; it tells where in the camera.

    """
    orbit = camera.orbit
    if camera.object_px is not None:
        for key in ("fill", "distance_m"):
            if getattr(orbit, key) is not None:
                sentence = f"object_px decides the distance, and so does orbit.{key}: leave one out"
                raise _located(("object_px",), camera.object_px, sentence)
        largest, shorter = support(camera.object_px)[1], min(camera.resolution)
        if largest > shorter:
            sentence = (
                f"an object of {largest:g} pixels is larger than the picture's shorter side "
                f"({shorter}): lower object_px or raise resolution"
            )
            raise _located(("object_px",), camera.object_px, sentence)
    if orbit.cut is not None and camera.rig is not None:
        sentence = "is for a camera by itself: one object is not cut alike in the views of a rig"
        raise _located(("orbit", "cut"), orbit.cut, sentence)


def _located(place: tuple[str, ...], value: Any, sentence: str) -> ValidationError:
    error = PydanticCustomError("framing", "{sentence}", {"sentence": sentence})
    return ValidationError.from_exception_data(
        "camera", [InitErrorDetails(type=error, loc=place, input=value)]
    )
