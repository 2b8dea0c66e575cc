"""A scene before its pose is accepted, as effects have it: they may look at it, and add to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.asset import Geometry
from renderer.effects.draws import Draws
from renderer.effects.effect import STAGES, Stage
from renderer.errors import UserError
from renderer.plan.acceptance import meets_image_plane
from renderer.plan.placed import Candidate, Placed
from renderer.recipe.model import MOST_INSTANCES, Recipe
from renderer.registry import EFFECTS
from renderer.shot.camera import View
from renderer.shot.scene import Instance, Vector, to_matrix4
from renderer.shot.shot import EffectState
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Subject:
    """What the recipe's objects are as a whole: a ball about the middle of their box.

    Attributes:
        center: its middle, in metres.
        radius_m: its radius.

    """

    center: Vector
    radius_m: float

    @staticmethod
    def of(hull: Array) -> Subject:
        """Return the subject by its corners (n, 3), its figures rounded to a picometre."""
        middle = (hull.min(0) + hull.max(0)) / 2
        x, y, z = (round(float(each), 12) for each in middle)
        radius = float(np.linalg.norm(hull - middle, axis=1).max())
        return Subject((x, y, z), round(radius, 12))


@dataclass(frozen=True)
class EffectSceneDraft:
    """What one effect has of a scene (``renderer.effects.SceneDraft``).

    Attributes:
        effect: its name.
        placed: the objects so far; what is added is added here.
        subject: what is framed.
        views: the cameras.
        brought: the models of all effects, by ``model_path``.
        categories: those of the recipe.
        growing: whether objects may be added.
        sensor_width_mm: of the camera.

    """

    effect: str
    placed: list[Placed]
    subject: Subject
    views: Sequence[View]
    brought: Mapping[str, Candidate]
    categories: Sequence[str]
    growing: bool
    sensor_width_mm: float

    @property
    def objects(self) -> tuple[Instance, ...]:
        """What is placed so far, but for what surrounds it."""
        return tuple(each.entry for each in self.placed if not each.surrounds)

    @property
    def center(self) -> Vector:
        """The subject's middle."""
        return self.subject.center

    @property
    def radius_m(self) -> float:
        """The subject's radius."""
        return self.subject.radius_m

    def slots(self, instance: int) -> int:
        """Return how many materials an object's model has."""
        return len(self.placed[instance - 1].candidate.facts.materials)

    def hull(self, instance: int) -> Array:
        """Return the corners (n, 3) of an object's hull in the world; instances count from 1."""
        return self.placed[instance - 1].hull

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the effect's models."""
        before = model_path(self.effect, "")
        return tuple(path.removeprefix(before) for path in self.brought if path.startswith(before))

    def geometry(self, model: str) -> Geometry:
        """Return triangles and hull of one of the effect's models."""
        return self.brought[model_path(self.effect, model)].geometry

    def clear_of_cameras(self, hull: Array) -> bool:
        """Tell whether a hull (n, 3) is all before or all behind every camera."""
        return not any(meets_image_plane(hull, view.camera.project(hull)) for view in self.views)

    def add(
        self,
        model: str,
        model_to_world: Array,
        category: str | None = None,
        bound: bool = True,
    ) -> Instance:
        """Place one more object.

        Raises:
            UserError: the effect is not of the stage ``scene``, there are too many objects, or the
                recipe has no such category.

        """
        if not self.growing:
            raise UserError(f"{self.effect} adds objects, and is not of the stage scene")
        if category is not None and category not in self.categories:
            raise UserError(
                f"effects.{self.effect} adds a {category!r}, and the recipe has no such category"
            )
        if len(self.placed) == MOST_INSTANCES:
            raise UserError(
                f"effects.{self.effect} adds an object to an image that has {MOST_INSTANCES}, "
                "and Blender tells no more apart: lower the counts"
            )
        candidate = self.brought[model_path(self.effect, model)]
        turned = candidate.geometry.hull.astype(np.float64) @ model_to_world[:3, :3].T
        entry = Instance(
            instance=len(self.placed) + 1,
            category=category,
            asset=candidate.facts.key,
            file=candidate.file,
            scale=float(f"{np.linalg.norm(model_to_world[:3, 0]):.12g}"),
            model_to_world=to_matrix4(model_to_world),
        )
        self.placed.append(Placed(entry, candidate, turned + model_to_world[:3, 3], bound))
        return entry


def model_path(effect: str, model: str) -> str:
    """Return what a Shot calls a model that an effect brings: no path that a recipe could have."""
    return f"effects.{effect}.{model}"


@dataclass(frozen=True)
class EffectPlan:
    """Draws the effects of a recipe.

    Attributes:
        recipe: the recipe.
        models: the models of its effects, by ``model_path``.

    """

    recipe: Recipe
    models: Mapping[str, Candidate]

    def draw(
        self,
        stages: Sequence[Stage],
        stream: Stream,
        placed: list[Placed],
        subject: Subject,
        views: Sequence[View],
    ) -> tuple[EffectState, ...]:
        """Return what the effects of some stages do, in the order they are applied; objects are
        added to ``placed``.
        """
        chosen = [(EFFECTS.get(name), said) for name, said in self.recipe.effects.on.items()]
        states = []
        for effect, config in sorted(chosen, key=lambda pair: STAGES.index(pair[0].stage)):
            if effect.stage not in stages:
                continue
            draft = EffectSceneDraft(
                effect.name,
                placed,
                subject,
                views,
                self.models,
                self.recipe.categories,
                growing=effect.stage == "scene",
                sensor_width_mm=self.recipe.camera.sensor_width_mm,
            )
            with EFFECTS.calling(effect.name):
                state = effect.draw(config, Draws(stream, f"effects.{effect.name}"), draft)
            if state is not None:
                states.append(state)
        return tuple(states)
