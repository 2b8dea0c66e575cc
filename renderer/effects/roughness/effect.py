"""How rough the surfaces of an object are, each object by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, SceneDraft
from renderer.shot.scene import Frozen
from renderer.shot.shot import EffectState
from renderer.values.distribution import Strict
from renderer.values.number import Number, within


class RoughnessConfig(Strict):
    """By how much, or to what; drawn for each object."""

    shift: Annotated[Number, within(-1, 1)] | None = Field(
        None, description="Added to the roughness that a model brings, textures included."
    )
    value: Annotated[Number, within(0, 1)] | None = Field(
        None, description="In its place: 0 mirrors, 1 is matt."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.shift is None) == (self.value is None):
            raise PydanticCustomError("exclusive", "roughness has either shift or value")
        return self


class ObjectRoughness(Frozen):
    """What is added to an object's roughness, or put in its place; the other is None."""

    instance: int
    shift: float | None
    value: float | None


class RoughnessState(EffectState):
    """The roughness of each object."""

    effect: Literal["roughness"] = "roughness"
    objects: tuple[ObjectRoughness, ...]


class Roughness(Effect[RoughnessConfig, RoughnessState]):
    """Smoother or rougher surfaces, drawn for each object: two of one model differ."""

    name = "roughness"
    stage = "render"
    Config = RoughnessConfig
    State = RoughnessState

    def draw(self, config: RoughnessConfig, draws: Draws, scene: SceneDraft) -> RoughnessState:
        """Return the roughness of each object of one shot."""
        return RoughnessState(
            objects=tuple(
                ObjectRoughness(
                    instance=entry.instance,
                    shift=None if config.shift is None else own.number("shift", config.shift),
                    value=None if config.value is None else own.number("value", config.value),
                )
                for entry, own in draws.of_each(scene.objects)
            )
        )

    def apply_scene(self, state: RoughnessState, scene: RenderScene) -> Callable[[], None] | None:
        """Change the objects' materials, each its own copy."""
        from renderer.effects.roughness.blender import roughen

        for each in state.objects:
            for material in scene.materials(each.instance):
                roughen(material, each)
        return None
