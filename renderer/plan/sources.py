"""The model files that a recipe and its scenarios may place, in the order in which a planner has
them: of the recipe's object entries, of its effects, of its bins, then the same of each scenario.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from renderer.asset import AssetSource
from renderer.plan.drop import container_sources
from renderer.plan.room import has_room, room_models
from renderer.plan.scene_draft import model_path
from renderer.plan.shelf import board_sources
from renderer.recipe.model import ObjectSpec, Recipe
from renderer.recipe.scenarios import KEY
from renderer.registry import EFFECTS
from renderer.values.distribution import Strict
from renderer.values.files import MODEL_SUFFIXES, matches
from renderer.values.key import KeyPath

Model = TypeVar("Model")


def asset_sources(recipe: Recipe, folder: Path) -> list[dict[str, AssetSource]]:
    """Return for each object entry its model files: path as in the recipe → source; then for each
    effect that is on, those that it brings, the boards of shelves and bins, and the walls of a
    room: path as in a Shot → source; then those of scenarios.
    """
    return [each for _, whole in _recipes(recipe) for each in _own_sources(whole, folder)]


def _own_sources(recipe: Recipe, folder: Path) -> list[dict[str, AssetSource]]:
    objects = [
        {
            path: AssetSource(folder / path, spec.unit, spec.up_axis)
            for path in matches(folder, spec.asset, MODEL_SUFFIXES)
        }
        for spec in recipe.objects
    ]
    own = {path: source for each in objects for path, source in each.items()}
    effects = recipe.effects.on.items()
    brought = [_brought(name, config, folder, own) for name, config in effects]
    furniture = {**board_sources(recipe), **container_sources(recipe)}
    return [*objects, *brought, furniture, room_models() if has_room(recipe) else {}]


def _brought(
    name: str, config: Strict, folder: Path, objects: dict[str, AssetSource]
) -> dict[str, AssetSource]:
    """Return the models that an effect brings: path as in a Shot → source."""
    with EFFECTS.calling(name):
        effect = EFFECTS.get(name)
        models = {**effect.models(config, folder), **effect.models_like(config, objects)}
        return {model_path(name, model): source for model, source in models.items()}


def asset_keys(recipe: Recipe) -> list[KeyPath]:
    """Return for each of a recipe's ``asset_sources`` the key that names it."""
    return [
        (*place, *key)
        for place, whole in _recipes(recipe)
        for key in [
            *(("objects", at, "asset") for at in range(len(whole.objects))),
            *(("effects", name) for name in whole.effects.on),
            ("arrangement",),
            ("background",),
        ]
    ]


def object_models(
    recipe: Recipe, sources: Sequence[Mapping[str, Model]]
) -> Iterator[tuple[KeyPath, ObjectSpec, Mapping[str, Model]]]:
    """Yield each object entry, those of scenarios, too, with its key and what ``sources`` has of
    it, which are in the order of ``asset_sources``.
    """
    rest = list(sources)
    for place, whole in _recipes(recipe):
        for at, spec in enumerate(whole.objects):
            yield (*place, "objects", at, "asset"), spec, rest[at]
        rest = rest[own_count(whole) :]


def scenario_keys(
    recipe: Recipe, keys: Sequence[dict[str, str]]
) -> dict[str, tuple[Recipe, tuple[dict[str, str], ...]]]:
    """Return by the name of each scenario its recipe, and its own of some keys that are in the
    order of ``asset_sources``.
    """
    rest, found = keys[own_count(recipe) :], {}
    for name, whole in recipe.by_scenario.items():
        found[name] = whole, tuple(rest[: own_count(whole)])
        rest = rest[own_count(whole) :]
    return found


def own_count(recipe: Recipe) -> int:
    """Return how many of its ``asset_sources`` are a recipe's own, and not a scenario's."""
    return len(recipe.objects) + len(recipe.effects.on) + 2  # furniture and walls


def _recipes(recipe: Recipe) -> list[tuple[KeyPath, Recipe]]:
    """Return the recipe and those of its scenarios, each with the way to it."""
    scenarios = recipe.by_scenario.items()
    return [((), recipe), *(((KEY, name, "override"), whole) for name, whole in scenarios)]
