"""Make ready what a recipe names: its models imported, its photos and HDRIs looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from renderer.asset import AssetCache, AssetError, AssetFacts, AssetSource
from renderer.farm.asset_import import default_cache, facts_by_path, import_models, recipe_keys
from renderer.farm.picture_check import broken_pictures
from renderer.farm.recipe_keypoints import keypoint_refusals
from renderer.farm.run import RunError
from renderer.plan import Planner, asset_sources
from renderer.plan.sources import asset_keys
from renderer.recipe import Recipe
from renderer.recipe.problem import dotted
from renderer.values.key import KeyPath

Refusal = tuple[KeyPath, str]
Progress = Callable[[AssetSource], None]


@dataclass(frozen=True)
class Assets:
    """What a recipe's files are.

    Attributes:
        cache: where the imported models are.
        known: facts of each model.

    """

    cache: AssetCache
    known: dict[AssetSource, AssetFacts]


def prepare_assets(
    recipe: Recipe,
    folder: Path,
    progress: Progress = lambda _: None,
    warn: Callable[[str], None] = lambda _: None,
) -> Assets:
    """Import every model of a recipe, and open its photos and HDRIs.

    Args:
        recipe: the recipe.
        folder: what its paths are relative to.
        progress: told each model before it is imported.
        warn: told what is doubtful, a sentence each.

    Raises:
        RunError: some model, or every file of a key, cannot be used; the message names each.

    """
    said = _check_pictures(recipe, folder, warn)
    known, refused = try_models(recipe, folder, progress)
    said += [sentence for _, sentence in refused]
    if said:
        raise RunError("\n       ".join(said))
    for path, facts in facts_by_path(asset_sources(recipe, folder), known).items():
        for warning in facts.warnings:
            warn(f"{path}: {warning}")
    return Assets(default_cache(), known)


def _check_pictures(recipe: Recipe, folder: Path, warn: Callable[[str], None]) -> list[str]:
    """Return why no image could have a photo or HDRI; of keys with good files, too, only warn."""
    said = list[str]()
    # A few milliseconds a file: of photos the beginning, `recipe check` reads more of them.
    for broken in broken_pictures(recipe, folder, photos=0):
        lines = [f"{dotted(broken.key)}: {sentence}" for sentence in broken.sentences]
        if broken.every:
            said += lines
        else:
            for line in lines:
                warn(f"{line} (images that draw it will fail)")
    return said


def try_models(
    recipe: Recipe, folder: Path, progress: Progress = lambda _: None
) -> tuple[dict[AssetSource, AssetFacts], list[Refusal]]:
    """Import the models that can be; return their facts, and key and reason of each other one, and
    of those that do not go together.
    """
    sources = asset_sources(recipe, folder)
    every = [source for each in sources for source in each.values()]
    known, errors = import_models(every, default_cache(), progress)
    refused = [(_key(error, sources, recipe), str(error)) for error in errors]
    return known, refused + keypoint_refusals(recipe, sources, known)


def _key(error: AssetError, sources: list[dict[str, AssetSource]], recipe: Recipe) -> KeyPath:
    """Return which key names the file that an error begins with."""
    named: dict[str, KeyPath] = {}
    for key, each in zip(asset_keys(recipe), sources, strict=True):
        for source in each.values():
            named.setdefault(str(source.path), key)
    file = max((path for path in named if str(error).startswith(path)), key=len, default=None)
    return () if file is None else named[file]


def planner_of(recipe: Recipe, folder: Path, assets: Assets) -> Planner:
    """Return the planner of a recipe whose assets are known."""
    keys = recipe_keys(asset_sources(recipe, folder), assets.known)
    return Planner(recipe, folder, assets.cache, keys)
