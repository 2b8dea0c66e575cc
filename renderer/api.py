"""orbitset from Python: what the commands do, as functions.

.. code-block:: python

    from renderer import api

    recipe = api.load("scenes/quickstart.yaml", images=2, samples=2)
    for shot in api.plan(recipe):
        print(shot.index, len(shot.objects), shot.views[0].azimuth_deg)
    result = api.render(recipe, "out/two")
    assert not result.failed
    assert not api.validate("out/two").findings
    api.export("out/two", "yolo", "out/yolo")

Everything raises ``renderer.errors.UserError`` where a recipe, file or option is at fault, and
``UnavailableError`` where this machine is: their text is one sentence for a user. Rendering starts
processes: a script that calls ``render`` or ``preview`` does so under
``if __name__ == "__main__":``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from renderer.dataset.layout import Layout
from renderer.errors import UserError
from renderer.recipe import LoadedRecipe, load_recipe
from renderer.recipe.load import override

if TYPE_CHECKING:
    from renderer.dataset.compare.comparison import Comparison
    from renderer.dataset.merge import MergeResult
    from renderer.dataset.validation import Validation
    from renderer.export.write import Exported
    from renderer.farm.events import EventHandler
    from renderer.farm.preview_images import PreviewImage
    from renderer.farm.scheduler import FarmOptions
    from renderer.shot.shot import Shot

__all__ = ["compare", "export", "load", "plan", "preview", "render", "validate"]


def load(
    path: str | Path,
    *,
    images: int | None = None,
    seed: int | None = None,
    engine: str | None = None,
    samples: int | None = None,
) -> LoadedRecipe:
    """Return a recipe file, checked, with other values put over its own.

    Raises:
        RecipeError: the file has mistakes; ``problems`` has every one with its line and key.
        UserError: a value is one that a recipe may not have.

    """
    loaded = load_recipe(Path(path))
    recipe = override(loaded.recipe, images=images, seed=seed, engine=engine, samples=samples)
    changes = {"images": images, "seed": seed, "engine": engine, "samples": samples}
    return LoadedRecipe(recipe, loaded.path, loaded.text, changes)


def plan(recipe: LoadedRecipe, indices: Iterable[int] | None = None) -> Iterator[Shot]:
    """Yield the Shots of some indices, by default of all: every decision, and nothing rendered.

    Raises:
        PlanError: no pose was accepted for one of them.
        UserError: an index is below 0.

    """
    from renderer.farm.recipe_assets import planner_of, prepare_assets

    assets = prepare_assets(recipe.recipe, recipe.folder)
    planner = planner_of(recipe.recipe, recipe.folder, assets)
    for index in range(recipe.recipe.images) if indices is None else indices:
        if index < 0:
            raise UserError(f"there is no shot {index}: they count from 0")
        yield planner.shot(index)


def render(
    recipe: LoadedRecipe,
    output: str | Path,
    options: FarmOptions | None = None,
    on_event: EventHandler = lambda _: None,
) -> MergeResult:
    """Render what is not there yet of a dataset, and bring it to its final form.

    Args:
        recipe: the recipe.
        output: the dataset's folder, or ``s3://bucket/run``.
        options: devices, processes and limits; see ``FarmOptions``.
        on_event: told of everything that happens, as it happens (``renderer.farm.events``).

    Returns:
        How many images and annotations there are now, and which shots failed, with their causes.

    Raises:
        RunError: a model cannot be used, or the folder holds something else.
        RunStoppedError: stopped by SIGINT or SIGTERM; the same call goes on.

    """
    from renderer.dataset.storage import open_root
    from renderer.export.write import finish
    from renderer.farm.recipe_assets import prepare_assets
    from renderer.farm.run import Run, origin_of
    from renderer.farm.scheduler import FarmOptions, render_shots

    options = options or FarmOptions()
    layout = Layout(open_root(os.fspath(output)))
    assets = prepare_assets(recipe.recipe, recipe.folder)
    run = Run(recipe.recipe, recipe.folder, layout, assets.cache, assets.known)
    with run.locked():
        run.claim(origin_of(recipe.path, recipe.changes), options.allow_mixed)
        if shots := run.pending():
            render_shots(run, shots, options, on_event)
        return finish(layout, assets.cache)


def preview(
    recipe: LoadedRecipe, count: int = 9, width: int = 240, samples: int = 4
) -> list[PreviewImage]:
    """Return the first images of a recipe, small and coarse, with their labels."""
    from renderer.farm.preview_images import render_preview, smaller
    from renderer.farm.recipe_assets import prepare_assets

    few = smaller(recipe.recipe, count, width, samples)
    return render_preview(few, recipe.folder, prepare_assets(few, recipe.folder))


def validate(output: str | Path, scenes: int = 1) -> Validation:
    """Return what is wrong with a dataset: nothing in ``findings`` is what one hopes for.

    Args:
        output: the dataset's folder, or ``s3://bucket/run``.
        scenes: the labels of each so many-th image are made anew from its Shot, and compared; 0 for
            none.

    """
    from renderer.dataset.storage import open_root
    from renderer.dataset.validate import validate as check
    from renderer.export.check import check_exports
    from renderer.farm.asset_import import default_cache

    cache = default_cache()
    layout = Layout(open_root(os.fspath(output)))
    result = check(layout, cache if scenes else None, max(scenes, 1))
    check_exports(layout, result, cache)
    return result


def compare(
    output: str | Path, real: str | Path, images: str | Path | None = None, seed: int = 0
) -> Comparison:
    """Return how a dataset differs from a real one, and which recipe keys to move.

    Args:
        output: the dataset's folder, or ``s3://bucket/run``.
        real: COCO's JSON of the real set.
        images: the folder of its pictures; None compares boxes alone.
        seed: of samples and resampling.

    Raises:
        UserError: one of them cannot be read, or is too small.

    """
    from renderer.dataset.compare.comparison import compare as compare_sets
    from renderer.dataset.storage import open_root

    layout = Layout(open_root(os.fspath(output)))
    return compare_sets(layout, Path(real), None if images is None else Path(images), seed)


def export(output: str | Path, format: str, target: str | Path, **options: Any) -> Exported:
    """Write a dataset in another format.

    Args:
        output: the dataset's folder, or ``s3://bucket/run``.
        format: the format's name: ``yolo``.
        target: the folder to write, or a path in a store; a former export of the format is
            replaced.
        options: the format's own; and of every format ``split={"train": 0.8, "val": 0.2}`` and
            ``by="asset"`` (or ``scene``, ``background``, ``variant``).

    Returns:
        Where it lies, and in ``facts`` what it holds and what the format cannot carry.

    Raises:
        UserError: there is no such format or option, or the dataset lacks labels that it needs.

    """
    from renderer.dataset.storage import open_root
    from renderer.export.write import export as write
    from renderer.farm.asset_import import default_cache
    from renderer.recipe.exports import EXPORT_KEY, export_of
    from renderer.recipe.problem import sentences

    try:
        choice = export_of({EXPORT_KEY: format, **options})
    except ValidationError as error:
        said = sentences(error, [])
        raise UserError("; ".join(f"{key}: {sentence}" for key, sentence in said)) from None
    layout = Layout(open_root(os.fspath(output)))
    return write(layout, choice, open_root(str(target)), cache=default_cache())
