"""The recipe: what a user writes, as typed models. Knows nothing of Blender.

Lengths are metres and angles degrees unless a key says otherwise. Colours are display sRGB.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.recipe.arrangement import Arrangement, must_all_fall
from renderer.recipe.camera import Camera
from renderer.recipe.camera_preset import with_preset
from renderer.recipe.effects import Effects, must_be_rendered, must_have_own_categories
from renderer.recipe.exports import Exports, must_have_labels
from renderer.recipe.goals import Goals, must_be_reachable
from renderer.recipe.labels import Labels, must_be_possible
from renderer.recipe.layout import must_have_free_places
from renderer.recipe.lighting import Lighting, must_be_shown
from renderer.recipe.room import Room
from renderer.recipe.scenarios import Scenarios, more_categories, must_be_recipes, recipe_of
from renderer.values.colour import Colour, Share
from renderer.values.distribution import Choice, LowDiscrepancy, Strict, choice_or
from renderer.values.files import ImageFile, ModelFile, TextureFile
from renderer.values.finish import Finish
from renderer.values.number import Number, support, within

UpAxis = Literal["x", "-x", "y", "-y", "z", "-z"]
Unit = Literal["m", "cm", "mm", "in", "ft"]
FloorMaterial = Literal["wood", "concrete", "marble", "fabric", "plain"]

# Blender tells instances apart by an object's pass index, which ends here.
MOST_INSTANCES = 32_767


# Farther from the origin, double precision leaves an object no detail.
Metres = Annotated[Number, within(-1e9, 1e9)]


class ObjectSpec(Strict):
    """One kind of object: which model, what it is called, how many and how they lie."""

    asset: ModelFile = Field(description="A model file, or a pattern: each instance draws one.")
    category: str = Field(strict=True, min_length=1, description="The COCO category name.")
    count: Annotated[Number, within(0, 10_000, whole=True)] = 1.0
    size_m: Annotated[Number, within(1e-9, 1e9)] | None = Field(
        None, description="Length of the longest side in metres; without it the model's own size."
    )
    scale: Annotated[Number, within(1e-9, 1e9)] = 1.0
    unit: Unit | None = Field(None, description="The unit the file is in, where it lies about it.")
    up_axis: UpAxis | None = Field(None, description="The file's own axis that points up.")
    yaw_deg: Number = LowDiscrepancy(low_discrepancy=(0.0, 360.0))
    pitch_deg: Number = 0.0
    roll_deg: Number = 0.0
    orientation: Literal["upright", "free"] = Field(
        "upright", description="free: any rotation; a resting object then lies on a stable side."
    )
    resting: bool = Field(True, strict=True, description="On the floor; false floats in space.")
    position_m: tuple[Metres, Metres, Metres] | None = Field(
        None,
        description="Where the model's lowest centre stands; without it a free place is found.",
    )


def _can_be_told_apart(objects: tuple[ObjectSpec, ...]) -> tuple[ObjectSpec, ...]:
    most = sum(int(support(spec.count)[1]) for spec in objects)
    if most > MOST_INSTANCES:
        raise PydanticCustomError(
            "too_many_instances",
            "one image can have {most} objects, and Blender tells no more than {limit} apart: "
            "lower count",
            {"most": most, "limit": MOST_INSTANCES},
        )
    return objects


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


class Render(Strict):
    """How the picture is made."""

    engine: Literal["cycles", "eevee", "workbench"] = "cycles"
    samples: int = Field(
        16, strict=True, ge=1, le=65536, description="Paths per pixel, or EEVEE's samples."
    )
    denoise: bool = Field(True, strict=True)
    max_bounces: int = Field(8, strict=True, ge=0, le=1024)
    view_transform: Literal[
        "AgX", "Standard", "Filmic", "Filmic Log", "Khronos PBR Neutral", "False Color", "Raw"
    ] = "AgX"


class Accept(Strict):
    """Which poses are good enough to render; others are drawn again before rendering."""

    min_visibility: float = Field(
        0.1, strict=True, ge=0, le=1, description="Each object shows at least this share of itself."
    )
    max_truncation: float = Field(
        0.5,
        strict=True,
        ge=0,
        le=1,
        description="No object has more of itself beyond the frame.",
    )
    tries: int = Field(50, strict=True, ge=1, le=10_000)


class Output(Strict):
    """The image files, and the formats that the dataset is written in besides."""

    format: Literal["png", "jpeg", "webp"] = "png"
    quality: int = Field(
        92, strict=True, ge=1, le=100, description="For jpeg and webp (webp 100: lossless)."
    )
    exports: Exports = Field(
        (), description="Other formats that the finished dataset is written in, to exports/."
    )

    @model_validator(mode="before")
    @classmethod
    def _moved(cls, value: Any) -> Any:
        if isinstance(value, dict) and "webdataset" in value:
            shard_images = value["webdataset"]
            error = PydanticCustomError(
                "moved",
                "is now written `exports: [{format: webdataset, shard_images: {shard_images}}]`",
                {"shard_images": shard_images or 1000},
            )
            detail = InitErrorDetails(type=error, loc=("webdataset",), input=shard_images)
            raise ValidationError.from_exception_data("output", [detail])
        return value


DEFAULT_BACKGROUND = Background(color="#e4e4e4", shadows=True)


class Recipe(Strict):
    """A whole recipe. Needed are ``name``, ``images`` and one object with asset and category."""

    name: str = Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    images: int = Field(strict=True, ge=1, le=100_000_000)
    seed: int = Field(0, strict=True, ge=0, lt=2**63)
    objects: Annotated[tuple[ObjectSpec, ...], AfterValidator(_can_be_told_apart)] = Field(
        min_length=1
    )
    arrangement: Arrangement = Arrangement()
    camera: Camera = Camera()
    lighting: Lighting = Field(default_factory=Lighting)
    background: Annotated[
        Annotated[Background, Tag("background")] | Annotated[Choice[Background], Tag("choice")],
        choice_or("background"),
    ] = DEFAULT_BACKGROUND
    effects: Effects = Effects()
    render: Render = Render()
    labels: Labels = Labels()
    accept: Accept = Accept()
    goals: Goals = Goals()
    scenarios: Scenarios = Field(
        {}, description="Exact shares of the images, by a name of each, that have other keys."
    )
    output: Output = Output()

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, value: Any) -> Any:
        return with_preset(value)

    @model_validator(mode="after")
    def _check_drop(self) -> Self:
        must_all_fall(self)
        return self

    @model_validator(mode="after")
    def _check_exports(self) -> Self:
        must_have_labels(self.output.exports, self.labels.on)
        return self

    @model_validator(mode="after")
    def _check_labels(self) -> Self:
        must_have_own_categories(self)
        must_have_free_places(self)
        must_be_possible(self)
        return self

    @model_validator(mode="after")
    def _check_effects(self) -> Self:
        must_be_rendered(self.effects, self.render.engine)
        return self

    @model_validator(mode="after")
    def _check_goals(self) -> Self:
        must_be_reachable(self)
        return self

    @model_validator(mode="after")
    def _check_scenarios(self, info: ValidationInfo) -> Self:
        must_be_recipes(self, info)
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what many recipes have not: they are the same ones as before there was any."""
        found: dict[str, Any] = dump(self)
        empty = {"scenarios": self.scenarios == {}, "goals": self.goals == Goals()}
        return {key: value for key, value in found.items() if not empty.get(key)}

    @model_validator(mode="after")
    def _check_light(self) -> Self:
        must_be_shown(self.lighting, self.render.engine)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as JSON: pydantic's parametrised generics (Choice[World]) cannot be pickled."""
        return Recipe.model_validate_json, (self.model_dump_json(exclude_unset=True),)

    @property
    def by_scenario(self) -> dict[str, Recipe]:
        """The whole recipe of each scenario, by its name."""
        return {name: recipe_of(self, name) for name in self.scenarios}

    @property
    def categories(self) -> tuple[str, ...]:
        """Category names in the order they first appear, of scenarios behind the others, then those
        that effects add; COCO ids count from 1 in this order.
        """
        own = [spec.category for spec in self.objects]
        recipes = (self, *self.by_scenario.values())
        added = [
            each for one in recipes for names in one.effects.categories.values() for each in names
        ]
        return tuple(dict.fromkeys([*own, *more_categories(self.scenarios), *added]))
