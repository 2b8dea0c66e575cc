"""What stands behind the objects, and what they stand on."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from renderer.recipe.room import Room
from renderer.values.colour import Colour, Share
from renderer.values.distribution import Choice, Strict, choice_or
from renderer.values.files import ImageFile, TextureFile
from renderer.values.finish import Finish
from renderer.values.number import Number, within

FloorMaterial = Literal["wood", "concrete", "marble", "fabric", "plain"]


class Floor(Strict):
    """A floor under the objects that the camera sees."""

    material: (
        Annotated[
            Annotated[FloorMaterial, Tag("material")]
            | Annotated[Choice[FloorMaterial], Tag("choice")],
            choice_or("material"),
        ]
        | None
    ) = None
    image: TextureFile | None = Field(None, description="A texture that repeats.")
    finish: Finish | None = Field(
        None, description="A procedural surface, its pattern in metres: a family, or its keys."
    )
    tile: Annotated[Number, within(above=0.0)] = Field(
        2.0, description="Side of one texture tile, in radii of the subject."
    )
    color: Colour | None = Field(None, description="Colour of a plain floor, tint of the others.")
    roughness: Share = 0.5

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [key for key in ("material", "image", "finish") if getattr(self, key) is not None]
        if named == ["material", "image"]:
            raise PydanticCustomError("exclusive", "a floor has a material or an image, not both")
        if len(named) > 1:
            raise PydanticCustomError(
                "exclusive",
                "a floor has one of material, image and finish, and here are {found}",
                {"found": " and ".join(named)},
            )
        if self.finish is not None and {"color", "roughness", "tile"} & self.model_fields_set:
            raise PydanticCustomError(
                "exclusive",
                "of a floor with a finish, color, roughness and scale are keys of finish",
            )
        return self


def _floor_shorthand(value: Any) -> Any:
    return {"material": value} if isinstance(value, str) else value


class Background(Strict):
    """What stands behind the objects: a colour, a photo, or the world itself, with or without a
    floor. ``shadows`` lets objects cast their shadow on a colour or a photo.
    """

    color: Colour | None = None
    image: ImageFile | None = None
    world: Literal[True] | None = Field(None, description="true: the HDRI or world colour is seen.")
    floor: (
        Annotated[
            Floor,
            BeforeValidator(_floor_shorthand, json_schema_input_type=Floor | FloorMaterial),
        ]
        | None
    ) = None
    room: Room | None = Field(
        None, description="Walls, a floor, and perhaps a table that the objects stand on."
    )
    shadows: bool = Field(True, strict=True, description="A shadow catcher under the objects.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        behind = [key for key in ("color", "image", "world") if getattr(self, key) is not None]
        if len(behind) > 1:
            raise PydanticCustomError(
                "exclusive",
                "a background has one of color, image and world, and here are {found}",
                {"found": " and ".join(behind)},
            )
        if self.room is not None and (self.floor is not None or behind not in ([], ["world"])):
            raise PydanticCustomError(
                "exclusive",
                "a room has its own floor and walls, and the world above them: leave out {found}",
                {
                    "found": " and ".join(
                        [each for each in behind if each != "world"]
                        + (["floor"] if self.floor is not None else [])
                    )
                },
            )
        if not behind and self.floor is None and self.room is None:
            raise PydanticCustomError(
                "exclusive", "a background needs color, image, world: true, floor or room"
            )
        return self

    @property
    def catches_shadows(self) -> bool:
        """Whether objects cast shadows on the colour or photo (a floor or world has its own)."""
        behind = self.color is not None or self.image is not None
        return self.shadows and behind and self.floor is None


def default_background() -> Background:
    """Return what stands behind where a recipe says nothing: light grey, with shadows on it."""
    return Background(color="#e4e4e4", shadows=True)
