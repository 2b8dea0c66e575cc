"""The recipe: what a user writes, as typed models. Knows nothing of Blender.

Lengths are metres and angles degrees unless a key says otherwise. Colours are display sRGB.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
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
from renderer.recipe.background import Background, default_background
from renderer.recipe.camera import Camera
from renderer.recipe.camera_preset import with_preset
from renderer.recipe.effects import Effects, must_be_rendered, must_have_own_categories
from renderer.recipe.exports import Exports, must_have_labels
from renderer.recipe.goals import Goals, must_be_reachable
from renderer.recipe.labels import Labels, must_be_possible
from renderer.recipe.layout import must_have_free_places
from renderer.recipe.lighting import Lighting, must_be_shown
from renderer.recipe.scenarios import Scenarios, more_categories, must_be_recipes, recipe_of
from renderer.values.distribution import Choice, LowDiscrepancy, Strict, choice_or
from renderer.values.files import ModelFile
from renderer.values.number import Number, support, within

UpAxis = Literal["x", "-x", "y", "-y", "z", "-z"]
Unit = Literal["m", "cm", "mm", "in", "ft"]

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


class Recipe(Strict):
    """A whole recipe. Needed are ``name``, ``images`` and one object with asset and category."""

    name: str = Field(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    images: int = Field(strict=True, ge=1, le=100_000_000)
    seed: int = Field(0, strict=True, ge=0, lt=2**63)
    objects: Annotated[tuple[ObjectSpec, ...], AfterValidator(_can_be_told_apart)] = Field(
        min_length=1
    )
    # Made when they are asked for: pydantic builds a model before the first of it, and again as a
    # part of this one.
    arrangement: Arrangement = Field(default_factory=Arrangement)
    camera: Camera = Field(default_factory=Camera)
    lighting: Lighting = Field(default_factory=Lighting)
    background: Annotated[
        Annotated[Background, Tag("background")] | Annotated[Choice[Background], Tag("choice")],
        choice_or("background"),
    ] = Field(default_factory=default_background)
    effects: Effects = Field(default_factory=Effects)
    render: Render = Field(default_factory=Render)
    labels: Labels = Field(default_factory=Labels)
    accept: Accept = Field(default_factory=Accept)
    goals: Goals = Field(default_factory=Goals)
    scenarios: Scenarios = Field(
        {}, description="Exact shares of the images, by a name of each, that have other keys."
    )
    output: Output = Field(default_factory=Output)

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
