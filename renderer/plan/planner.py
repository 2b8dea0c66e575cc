"""Recipe + asset facts + index → Shot. Pure: the same arguments give the same Shot."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer.asset import AssetCache
from renderer.effects.effect import STAGES
from renderer.errors import UserError
from renderer.geometry.distortion import LensError
from renderer.plan.acceptance import Beyond, Rejection, rejection, remedy
from renderer.plan.cameras import decide_views
from renderer.plan.cutting import cut_view, is_cut
from renderer.plan.drop import drop_objects
from renderer.plan.goals import GoalPlan
from renderer.plan.illumination import decide_light
from renderer.plan.object_size import measured
from renderer.plan.placed import Candidate, Placed
from renderer.plan.placement import place_objects
from renderer.plan.room import Surrounded, build_room
from renderer.plan.scene_draft import EffectPlan, Subject
from renderer.plan.site import Site
from renderer.plan.sources import own_count, scenario_keys
from renderer.plan.surroundings import choose_background, decide_background
from renderer.recipe.background import Background
from renderer.recipe.camera import Camera
from renderer.recipe.model import Recipe
from renderer.recipe.scenarios import place_of
from renderer.shot.camera import View
from renderer.shot.engines import capabilities
from renderer.shot.scene import RoomPart
from renderer.shot.shot import RenderState, Shot
from renderer.values.stream import Stream

Array = npt.NDArray[np.float64]
# What the camera frames in an image without objects: a ball of half a metre.
_EMPTY = np.array([[x, y, z] for x in (-0.3, 0.3) for y in (-0.3, 0.3) for z in (0.0, 0.6)])


class PlanError(UserError):
    """No acceptable pose was found for an image; the message says what went wrong how often."""


@dataclass(frozen=True)
class Planner:
    """Plans the images of one recipe.

    Attributes:
        recipe: the recipe.
        folder: what its paths are relative to.
        cache: where the imported models are.
        keys: for each object entry, path as in the recipe → key in the cache; then for each effect
            that is on, for boards and bins, and for a room, path as in a Shot → the same; then
            those of scenarios (``asset_sources``).

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
        brought = self._models[len(self.recipe.objects) : own_count(self.recipe)]
        return EffectPlan(
            self.recipe, {path: model for each in brought for path, model in each.items()}
        )

    def _place(self, stream: Stream) -> list[Placed] | Rejection:
        if self.recipe.arrangement.drop is None:
            return place_objects(self.recipe, self._candidates, self._effects.models, stream)
        return drop_objects(self.recipe, self._candidates, self._effects.models, stream)

    @cached_property
    def _scenarios(self) -> dict[str, Planner]:
        """The planners of scenarios by their names; numbers come from the same streams."""
        return {
            name: Planner(recipe, self.folder, self.cache, keys)
            for name, (recipe, keys) in scenario_keys(self.recipe, self.keys).items()
        }

    @cached_property
    def _goals(self) -> GoalPlan:
        return GoalPlan(self.recipe)

    def shot(self, index: int) -> Shot:
        """Return the Shot of an image.

        Raises:
            PlanError: no pose was accepted within the recipe's number of tries.

        """
        name, place = place_of(self.recipe, index)
        if name is None:
            return self._plan(index, place)
        return self._scenarios[name]._plan(index, place).model_copy(update={"scenario": name})

    @property
    def has_goals(self) -> bool:
        """Whether any image is to show something in particular."""
        return any(each._goals.quotas for each in (self, *self._scenarios.values()))

    def wanted(self, index: int) -> dict[str, str]:
        """Return which band or cell of each goal an image is to be in."""
        name, place = place_of(self.recipe, index)
        return (self if name is None else self._scenarios[name])._goals.wanted(place)

    def _plan(self, index: int, place: int) -> Shot:
        """Return the Shot of an image by the recipe's own keys, at a place among those with its
        goals. Raises PlanError.
        """
        first = Stream(self.recipe.seed, index)
        background, background_path = choose_background(self.recipe.background, first)
        floor = background.floor or background.room or background.catches_shadows
        reasons: collections.Counter[Rejection] = collections.Counter()
        search = self._goals.search(place)
        for attempt in range(self._goals.tries):
            stream = first.again(attempt)
            placed = self._place(stream)
            if isinstance(placed, Rejection):
                reasons[placed] += 1
                continue
            hull = _hull(placed)
            subject = Subject.of(hull)
            views, beyond = self._seen(index, search.camera(placed, stream), placed, hull, stream)
            in_scene = self._effects.draw(("scene",), stream, placed, subject, views)
            room = self._room(background, background_path, stream, placed, subject, views)
            rejected = rejection(placed, views, self.recipe.accept, beyond, bool(floor))
            within = [each for each in placed if not each.surrounds]
            rejected = rejected or search.miss(within, views, bool(floor))
            if rejected is None:
                break
            reasons[rejected] += 1
        else:
            raise PlanError(_give_up(index, reasons, self.recipe, background, search.bound()))
        catcher = capabilities(self.recipe.render.engine).shadow_catcher
        center, radius = subject.center, subject.radius_m
        if views[0].camera.distortion is not None:
            _must_be_followed(index, placed)
            _must_not_be_measured(index, self.recipe)
        on_picture = self._effects.draw(STAGES[1:], first, placed, subject, views)
        site = Site.before(views[0].camera, center, radius)
        light = decide_light(self.recipe.lighting, first, self.folder, site)
        return Shot(
            index=index,
            goals=search.wanted,
            attempts=attempt + 1,
            center=center,
            radius_m=radius,
            views=views,
            objects=tuple(each.entry for each in placed),
            world=light.world,
            lamps=light.lamps,
            background=decide_background(
                background, background_path, first, self.folder, radius, catcher, room
            ),
            effects=in_scene + on_picture,
            render=self._render(first),
        )

    def _seen(
        self, index: int, camera: Camera, placed: list[Placed], hull: Array, stream: Stream
    ) -> tuple[tuple[View, ...], Beyond]:
        """Return the views of objects with a hull (n, 3), and how much may be beyond the frame."""
        accept = self.recipe.accept
        one = measured(camera, placed, stream)
        try:
            views = decide_views(camera, self.folder, hull if one is None else one.hull, stream)
        except LensError as error:
            raise PlanError(f"image {index}: camera.distortion: {error}") from None
        cut = camera.orbit.cut
        labelled = [each for each in placed if each.entry.category is not None]
        if cut is None or not labelled or not is_cut(cut, stream):
            return views, Beyond.of(accept, one, None, None)
        view, target = cut_view(views[0], labelled, one, cut.limit, stream)
        return (view,), Beyond.of(accept, one, target, cut.limit)

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
        around = Surrounded(placed, subject, views, self._effects.models)
        return build_room(background.room, f"{path}.room", stream, around)

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


def _must_not_be_measured(index: int, recipe: Recipe) -> None:
    """Refuse sizes and cuts, which are solved for pinholes."""
    asked = {
        "camera.object_px": recipe.camera.object_px,
        "camera.orbit.cut": recipe.camera.orbit.cut,
        "goals.object_px": recipe.goals.object_px,
    }
    for key, value in asked.items():
        if value:
            raise PlanError(
                f"image {index}: camera.distortion: {key} is solved for lenses that do not bend: "
                "leave out one of both"
            )


def _must_be_followed(index: int, placed: list[Placed]) -> None:
    """Refuse objects whose outline only an engine knows, which renders pinholes alone."""
    for each in placed:
        if not each.candidate.facts.ray_traceable:
            raise PlanError(
                f"image {index}: camera.distortion: rays cannot follow the opacity of "
                f"{each.entry.file}, and a lens that bends has its labels from rays alone: leave "
                "out one of both"
            )


def _give_up(
    index: int,
    reasons: collections.Counter[Rejection],
    recipe: Recipe,
    background: Background,
    bound: str,
) -> str:
    (most, times), *_ = reasons.most_common(1)
    shown = f" ({bound})" if bound else ""
    return (
        f"image {index}: no pose was accepted in {reasons.total()} tries; most often "
        f"({times}x) {most.reason}{shown}: {remedy(most.kind, recipe, background)}"
    )
