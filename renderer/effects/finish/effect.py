"""Procedural surfaces on what has no label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from renderer.effects.draws import Draws
from renderer.effects.effect import Effect
from renderer.effects.scene import RenderScene, SceneDraft
from renderer.shot.scene import Frozen
from renderer.shot.shot import EffectState
from renderer.values.finish import FinishConfig, FinishState, draw_finish


class ObjectFinish(Frozen):
    """The surface of one object."""

    instance: int
    finish: FinishState


class ObjectFinishes(EffectState):
    """The surfaces of the objects without a label."""

    effect: Literal["finish"] = "finish"
    objects: tuple[ObjectFinish, ...]


class Finishes(Effect[FinishConfig, ObjectFinishes]):
    """What has no label (distractors) gets a procedural surface: wood, fabric, concrete, metal,
    plastic or tile, drawn for each object.
    """

    name = "finish"
    stage = "render"
    Config = FinishConfig
    State = ObjectFinishes

    def draw(self, config: FinishConfig, draws: Draws, scene: SceneDraft) -> ObjectFinishes:
        """Return a surface for each object without a category, by its place among those."""
        bare = [entry for entry in scene.objects if entry.category is None]
        return ObjectFinishes(
            objects=tuple(
                ObjectFinish(
                    instance=entry.instance,
                    finish=draw_finish(config, draws.stream, draws.at(str(number)).path),
                )
                for number, entry in enumerate(bare)
            )
        )

    def apply_scene(self, state: ObjectFinishes, scene: RenderScene) -> Callable[[], None] | None:
        """Change the objects' materials, each its own copy."""
        from renderer.effects.finish.blender import finish_material

        for each in state.objects:
            items = scene.objects(each.instance)
            for material in scene.materials(each.instance):
                finish_material(material, each.finish, items, scene.units_per_m)
        return None
