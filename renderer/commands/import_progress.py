"""Import a recipe's models with progress on the terminal, and say there what is doubtful."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from renderer.asset import AssetFacts, AssetSource
from renderer.commands.terminal import err, headed, warn
from renderer.farm.asset_import import facts_by_path
from renderer.farm.recipe_assets import Assets, planner_of, prepare_assets
from renderer.plan import Planner, asset_sources
from renderer.recipe import LoadedRecipe, Recipe


def import_with_progress(recipe: Recipe, folder: Path, quiet: bool = False) -> Assets:
    """Import every model of a recipe, and open its photos and HDRIs.

    Raises:
        RunError: some model, or every file of a key, cannot be used; the message names each.

    """
    sources = [source for each in asset_sources(recipe, folder) for source in each.values()]
    if quiet:
        return prepare_assets(recipe, folder)
    return prepare_assets(recipe, folder, import_progress(sources), warn)


def import_progress(sources: Iterable[AssetSource]) -> Callable[[AssetSource], None]:
    """Return what tells which of some models is being imported; of none it tells nothing."""
    order = {source: at for at, source in enumerate(dict.fromkeys(sources), start=1)}

    def show(source: AssetSource) -> None:
        if not order:
            return
        # Many models are called model.gltf: their folders tell them apart.
        name = f"{source.path.parent.name}/{source.path.name}"
        err.print(headed("importing", "dim", f"{name} ({order[source]} of {len(order)})"))

    return show


def load_planner(
    loaded: LoadedRecipe, quiet: bool = False, seed: int | None = None
) -> tuple[Planner, dict[str, AssetFacts]]:
    """Return the planner of a recipe and the facts of its models by path."""
    recipe = loaded.recipe if seed is None else loaded.recipe.model_copy(update={"seed": seed})
    assets = import_with_progress(recipe, loaded.folder, quiet)
    facts = facts_by_path(asset_sources(recipe, loaded.folder), assets.known)
    return planner_of(recipe, loaded.folder, assets), facts
