"""From a loaded recipe to a planner: import its models, with progress, and say what is doubtful."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from renderer.asset import AssetCache, AssetError, AssetFacts, AssetSource
from renderer.commands.terminal import err, headed, warn
from renderer.farm.model_import import bring_in, default_cache, facts_by_path, recipe_keys
from renderer.farm.run import RunError
from renderer.plan import Planner, asset_sources
from renderer.recipe import LoadedRecipe, Recipe
from renderer.recipe.problem import dotted
from renderer.values.key import KeyPath

Refusal = tuple[KeyPath, str]


def import_models(
    recipe: Recipe, folder: Path, quiet: bool = False
) -> tuple[AssetCache, dict[AssetSource, AssetFacts]]:
    """Import every model of a recipe, and open its photos and HDRIs.

    Raises:
        RunError: some model, or every file of a key, cannot be used; the message names each.

    """
    said = _open_pictures(recipe, folder, quiet)
    known, refused = try_models(recipe, folder, quiet)
    said += [sentence for _, sentence in refused]
    if said:
        raise RunError("\n       ".join(said))
    return default_cache(), known


def _open_pictures(recipe: Recipe, folder: Path, quiet: bool) -> list[str]:
    """Return why no image could have a photo or HDRI; of keys with good files, too, only warn."""
    from renderer.commands.pictures import broken_pictures

    said = []
    # A few milliseconds a file: of photos the beginning, `recipe check` reads more of them.
    for broken in broken_pictures(recipe, folder, photos=0):
        lines = [f"{dotted(broken.key)}: {sentence}" for sentence in broken.sentences]
        if broken.every:
            said += lines
        elif not quiet:
            for line in lines:
                warn(f"{line} (images that draw it will fail)")
    return said


def try_models(
    recipe: Recipe, folder: Path, quiet: bool = False
) -> tuple[dict[AssetSource, AssetFacts], list[Refusal]]:
    """Import the models that can be; return their facts, and key and reason of each other one."""
    sources = asset_sources(recipe, folder)
    every = [source for each in sources for source in each.values()]
    progress = (lambda _: None) if quiet else import_progress(every)
    known, errors = bring_in(every, default_cache(), progress)
    if not quiet and not errors:
        for path, facts in facts_by_path(sources, known).items():
            for warning in facts.warnings:
                warn(f"{path}: {warning}")
    return known, [(_key(error, sources, recipe), str(error)) for error in errors]


def _key(error: AssetError, sources: list[dict[str, AssetSource]], recipe: Recipe) -> KeyPath:
    """Return which key names the file that an error begins with."""
    named = {str(source.path): at for at, each in enumerate(sources) for source in each.values()}
    file = max((path for path in named if str(error).startswith(path)), key=len, default=None)
    if file is None:
        return ()
    beyond = named[file] - len(recipe.objects)
    if beyond < 0:
        return ("objects", named[file], "asset")
    return ("effects", list(recipe.effects.on)[beyond])


def import_progress(sources: Iterable[AssetSource]) -> Callable[[AssetSource], None]:
    """Return what tells which of some models is being imported, where it takes a moment."""
    order = {source: at for at, source in enumerate(dict.fromkeys(sources), start=1)}

    def tell(source: AssetSource) -> None:
        # Many models are called model.gltf: their folders tell them apart.
        name = f"{source.path.parent.name}/{source.path.name}"
        err.print(headed("importing", "dim", f"{name} ({order[source]} of {len(order)})"))

    return tell


def prepare(
    loaded: LoadedRecipe, quiet: bool = False, seed: int | None = None
) -> tuple[Planner, dict[str, AssetFacts]]:
    """Return the planner of a recipe and the facts of its models by path."""
    recipe = loaded.recipe if seed is None else loaded.recipe.model_copy(update={"seed": seed})
    cache, known = import_models(recipe, loaded.folder, quiet)
    return planner_of(recipe, loaded.folder, cache, known)


def planner_of(
    recipe: Recipe, folder: Path, cache: AssetCache, known: dict[AssetSource, AssetFacts]
) -> tuple[Planner, dict[str, AssetFacts]]:
    """Return the planner of a recipe whose models are known, and their facts by path."""
    sources = asset_sources(recipe, folder)
    keys = recipe_keys(sources, known)
    return Planner(recipe, folder, cache, keys), facts_by_path(sources, known)
