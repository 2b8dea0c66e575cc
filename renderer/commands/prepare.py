"""From a loaded recipe to a planner: import its models, with progress, and say what is doubtful."""

from __future__ import annotations

from pathlib import Path

from renderer.asset import AssetCache, AssetFacts, AssetSource
from renderer.commands.terminal import err, warn
from renderer.farm.intake import bring_in, default_cache, facts_by_path, recipe_keys
from renderer.farm.run import RunError
from renderer.plan import Planner, asset_sources
from renderer.recipe import LoadedRecipe, Recipe


def import_models(
    recipe: Recipe, folder: Path, quiet: bool = False
) -> tuple[AssetCache, dict[AssetSource, AssetFacts]]:
    """Import every model of a recipe.

    Raises:
        RunError: some cannot be used; the message names each.

    """
    cache = default_cache()
    sources = asset_sources(recipe, folder)

    def progress(source: AssetSource) -> None:
        if not quiet:
            err.print(f"[dim]importing {source.path.name}[/]")

    every = [source for each in sources for source in each.values()]
    known, errors = bring_in(every, cache, progress)
    if errors:
        raise RunError("\n       ".join(str(error) for error in errors))
    if not quiet:
        for path, facts in facts_by_path(sources, known).items():
            for warning in facts.warnings:
                warn(f"{path}: {warning}")
    return cache, known


def prepare(
    loaded: LoadedRecipe, quiet: bool = False, seed: int | None = None
) -> tuple[Planner, dict[str, AssetFacts]]:
    """Return the planner of a recipe and the facts of its models by path."""
    recipe = loaded.recipe if seed is None else loaded.recipe.model_copy(update={"seed": seed})
    cache, known = import_models(recipe, loaded.folder, quiet)
    sources = asset_sources(recipe, loaded.folder)
    keys = recipe_keys(sources, known)
    return Planner(recipe, loaded.folder, cache, keys), facts_by_path(sources, known)
