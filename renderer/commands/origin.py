"""Where the recipe of a run is: written down by ``render``, looked up by ``farm retry``."""

from __future__ import annotations

import shlex
from pathlib import Path

from renderer.commands.terminal import err, stop
from renderer.dataset.assemble import read_run
from renderer.dataset.layout import Layout
from renderer.dataset.run_file import Origin
from renderer.farm.run import origin_of
from renderer.recipe import LoadedRecipe, RecipeError, load_recipe

# Options of `orbitset render` that change a recipe.
_CHANGES = ("images", "seed", "engine", "samples")
_SUFFIXES = (".yaml", ".yml", ".json")


def find_recipe(layout: Layout, moved: Path | None, quiet: bool) -> tuple[Origin, LoadedRecipe]:
    """Return the origin of a run and its recipe, or stop.

    Args:
        layout: the dataset.
        moved: where the recipe is now, if the user says so.
        quiet: do not tell which recipe it is.

    Raises:
        RecipeError: the recipe that the user gives has mistakes.

    """
    stored = read_run(layout).origin or Origin(recipe="its recipe", changes={})
    changes = {key: stored.changes.get(key) for key in _CHANGES}
    path = moved or Path(stored.recipe)
    loaded = load_recipe(path) if moved else _named(layout, path)
    if not moved and not quiet:
        err.print(f"the recipe is {path}, as {layout.run} has it")
    return origin_of(path, changes), loaded


def _named(layout: Layout, path: Path) -> LoadedRecipe:
    """Return the recipe that a dataset names as its own. It may come from anywhere and name any
    file: of one that is no recipe nothing is shown.
    """
    if not path.is_file():
        stop(f"{path} has moved: say where it is with --recipe")
    try:
        if path.suffix.lower() not in _SUFFIXES:
            raise RecipeError([])
        return load_recipe(path)
    except RecipeError:
        stop(
            f"{path}, which {layout.run} names as its recipe, is none: say which it is with "
            f"--recipe, or look what is wrong with orbitset recipe check {shlex.quote(str(path))}"
        )
