"""Recipe + asset facts + index → Shot. Pure: the same arguments give the same Shot."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache, AssetSource
from renderer.effects.effect import STAGES
from renderer.errors import UserError
from renderer.plan.acceptance import Rejection, rejection, remedy
from renderer.plan.cameras import decide_views
from renderer.plan.illumination import decide_lamps, decide_world
from renderer.plan.placement import Candidate, Placed, place_objects
from renderer.plan.room import Site, build_room, has_room, room_models
from renderer.plan.scene_draft import EffectPlan, Subject, model_path
from renderer.plan.surroundings import choose_background, decide_background
from renderer.recipe.model import Background, Recipe
from renderer.registry import EFFECTS
from renderer.shot.camera import View
from renderer.shot.engines import capabilities
from renderer.shot.scene import RoomPart
from renderer.shot.shot import RenderState, Shot
from renderer.values.distribution import Strict
from renderer.values.files import MODEL_SUFFIXES, matches
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
# What the camera frames in an image without objects: a ball of half a metre.
_EMPTY = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.3, 0.3) for z in (0.0, 0.6)])


class PlanError(UserError):
    """No acceptable pose was found for an image; the message says what went wrong how often."""


def asset_sources(recipe: Recipe, folder: Path) -> list[dict[str, AssetSource]]:
    """Return for each object entry its model files: path as in the recipe → source; then for each
    effect that is on, those that it brings: path as in a Shot → source; then those of a room, where
    there may be one.
    """
    objects = [
        {
            path: AssetSource(folder / path, spec.unit, spec.up_axis)
            for path in matches(folder, spec.asset, MODEL_SUFFIXES)
        }
        for spec in recipe.objects
    ]
    effects = [_brought(name, config, folder) for name, config in recipe.effects.on.items()]
    return objects + effects + ([room_models()] if has_room(recipe) else [])


def _brought(name: str, config: Strict, folder: Path) -> dict[str, AssetSource]:
    """Return the models that an effect brings: path as in a Shot → source."""
    with EFFECTS.calling(name):
        models = EFFECTS.get(name).models(config, folder)
        return {model_path(name, model): source for model, source in models.items()}


@dataclass(frozen=True)
class Planner:
    """Plans the images of one recipe.

    Attributes:
        recipe: the recipe.
        folder: what its paths are relative to.
        cache: where the imported models are.
        keys: for each object entry, path as in the recipe → key in the cache; then for each effect
            that is on, path as in a Shot → the same; then those of a room, where there may be one.

    """

    recipe: Recipe
    folder: Path
    cache: AssetCache
    keys: tuple[dict[str, str], ...]

    @cached_property
    def _models(self) -> list[dict[str, Candidate]]:
        return [
            {path: Candidate(path, self.cache.facts(key), self.cache) for path, key in each.items()}
            for each in self.keys
        ]

    @property
    def _candidates(self) -> list[dict[str, Candidate]]:
        return self._models[: len(self.recipe.objects)]

    @cached_property
    def _effects(self) -> EffectPlan:
        brought = self._models[len(self.recipe.objects) :]
        return EffectPlan(
            self.recipe, {path: model for each in brought for path, model in each.items()}
        )

    def shot(self, index: int) -> Shot:
        """Return the Shot of an image.

        Raises:
            PlanError: no pose was accepted within the recipe's number of tries.

        """
        first = Stream(self.recipe.seed, index)
        background, background_path = choose_background(self.recipe.background, first)
        floor = background.floor or background.room or background.catches_shadows
        reasons: collections.Counter[Rejection] = collections.Counter()
        for attempt in range(self.recipe.accept.tries):
            stream = first.again(attempt)
            placed = place_objects(self.recipe, self._candidates, stream)
            hull = _hull(placed)
            subject = Subject.of(hull)
            views = decide_views(self.recipe.camera, self.folder, hull, stream)
            in_scene = self._effects.draw(("scene",), stream, placed, subject, views)
            room = self._room(background, background_path, stream, placed, subject, views)
            rejected = rejection(placed, views, self.recipe.accept, bool(floor))
            if rejected is None:
                break
            reasons[rejected] += 1
        else:
            raise PlanError(_give_up(index, reasons, self.recipe, background))
        catcher = capabilities(self.recipe.render.engine).shadow_catcher
        center, radius = subject.center, subject.radius_m
        on_picture = self._effects.draw(STAGES[1:], first, placed, subject, views)
        return Shot(
            index=index,
            attempts=attempt + 1,
            center=center,
            radius_m=radius,
            views=views,
            objects=tuple(each.entry for each in placed),
            world=decide_world(self.recipe.lighting, first, self.folder),
            lamps=decide_lamps(self.recipe.lighting, first, center, radius),
            background=decide_background(
                background, background_path, first, self.folder, radius, catcher, room
            ),
            effects=in_scene + on_picture,
            render=self._render(first),
        )

    def _room(
        self,
        background: Background,
        path: str,
        stream: Stream,
        placed: list[Placed],
        subject: Subject,
        views: Sequence[View],
    ) -> tuple[RoomPart, ...]:
        """Put up the walls around all that is placed and return them with their surfaces."""
        if background.room is None:
            return ()
        site = Site(placed, subject, views, self._effects.models)
        return build_room(background.room, f"{path}.room", stream, site)

    def _render(self, stream: Stream) -> RenderState:
        render, output = self.recipe.render, self.recipe.output
        return RenderState(
            engine=render.engine,
            samples=render.samples,
            seed=stream.bits("render.seed"),
            denoise=render.denoise,
            max_bounces=render.max_bounces,
            view_transform=render.view_transform,
            format=output.format,
            quality=output.quality,
        )


def _hull(placed: list[Placed]) -> Array:
    return np.concatenate([each.hull for each in placed]) if placed else _EMPTY


def _give_up(
    index: int, reasons: collections.Counter[Rejection], recipe: Recipe, background: Background
) -> str:
    (most, times), *_ = reasons.most_common(1)
    return (
        f"image {index}: no pose was accepted in {recipe.accept.tries} tries; most often "
        f"({times}x) {most.reason}: {remedy(most.kind, recipe, background)}"
    )
