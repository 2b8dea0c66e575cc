"""orbitset recipe: new, check, schema, show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from renderer.commands.terminal import (
    BAD_INPUT,
    err,
    in_shots,
    out,
    print_error,
    print_json,
    refuse_overwrite,
    shortened,
    stop,
    warn,
)
from renderer.errors import UserError

if TYPE_CHECKING:
    from renderer.recipe import Problem

app = typer.Typer(help="Write, check and look into recipes.", no_args_is_help=True)

RecipePath = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]


@app.command()
def new(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("recipe.yaml"),
    asset: Annotated[
        str, typer.Option(help="A model file or pattern, relative to the new recipe.")
    ] = "models/*.glb",
    category: Annotated[str, typer.Option(help="What the object is called.")] = "product",
    size_m: Annotated[
        float | None,
        typer.Option(help="Its longest side in metres; without it the model's own size.", min=1e-4),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a recipe to start from, with every common key explained.

    Example: `orbitset recipe new mugs.yaml --asset models/mug.glb --category mug --size-m 0.13`
    """
    refuse_overwrite(path, force)
    template = (Path(__file__).parent / "starter.yaml").read_text(encoding="utf-8")
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in path.stem) or "recipe"
    text = template.replace("@NAME@", name.lstrip("._-") or "recipe")
    size = "# size_m: 0.12 " if size_m is None else f"size_m: {size_m:g}".ljust(15)
    text = text.replace("@SIZE@", size)
    text = text.replace("@ASSET@", json.dumps(asset)).replace("@CATEGORY@", json.dumps(category))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    out.print(f"wrote {path}; now: orbitset recipe check {path}")


@app.command()
def check(
    path: RecipePath,
    shots: Annotated[int, typer.Option(help="How many images to plan as a trial.", min=0)] = 8,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what was found as JSON, good or not.")
    ] = False,
) -> None:
    """Check a recipe: keys, values, files, models, photos, and whether its poses can be met.

    The exit code is 0 for a good recipe and 2 for any other. With --json stdout holds
    `{"ok": true, "errors": []}`, or `false` and all errors, whatever their kind: each has file,
    line, column, key and message, with null for what is not known.

    Example: `orbitset recipe check scenes/quickstart.yaml`
    """
    from renderer.recipe import RecipeError

    errors: list[Problem | str]
    try:
        errors, outcome = _examine(path, shots, quiet=as_json)
    except RecipeError as error:
        errors, outcome = [*error.problems], ""
    except (UserError, OSError) as error:
        if not as_json:
            raise
        errors, outcome = [str(error)], ""
    if as_json:
        print_json({"ok": not errors, "errors": [_as_json(error, path) for error in errors]})
    elif errors:
        _print_errors(errors, outcome)
    else:
        out.print(f"{path} is a good recipe: {outcome}")
    if errors:
        raise typer.Exit(BAD_INPUT)


def _examine(path: Path, shots: int, quiet: bool) -> tuple[list[Problem | str], str]:
    """Return what is wrong with a recipe whose keys and values are good; else what it holds.

    Raises:
        RecipeError: they are not.

    """
    from renderer.commands.import_progress import import_progress
    from renderer.farm.asset_import import default_cache, facts_by_path
    from renderer.farm.picture_check import broken_pictures
    from renderer.farm.recipe_assets import Assets, planner_of, try_models
    from renderer.plan import asset_sources
    from renderer.plan.cameras import view_names
    from renderer.plan.trial import plan_some
    from renderer.recipe import load_recipe
    from renderer.recipe.problem import problem_at
    from renderer.recipe.source import parse

    loaded = load_recipe(path)
    source = parse(loaded.text)
    broken = broken_pictures(loaded.recipe, loaded.folder, photos=200)
    sources = asset_sources(loaded.recipe, loaded.folder)
    models = [] if quiet else [source for each in sources for source in each.values()]
    known, refused = try_models(loaded.recipe, loaded.folder, import_progress(models))
    wrong = [(each.key, sentence) for each in broken for sentence in each.sentences] + refused
    placed = [problem_at(key, sentence, source, str(path)) for key, sentence in wrong if key]
    placed.sort(key=lambda problem: (problem.position.line, problem.position.column))
    errors: list[Problem | str] = [*placed, *(sentence for key, sentence in wrong if not key)]
    if errors:
        return errors, ""
    facts = facts_by_path(sources, known)
    for path_in_recipe, each in () if quiet else facts.items():
        for warning in each.warnings:
            warn(f"{path_in_recipe}: {warning}")
    planner = planner_of(loaded.recipe, loaded.folder, Assets(default_cache(), known))
    trial = plan_some(planner, shots)
    errors += trial.errors
    counts = [
        in_shots(loaded.recipe.images, len(view_names(loaded.recipe.camera))),
        _count(len(facts), "model"),
    ]
    tried = f"{_count(trial.planned, 'pose')} planned in {_count(trial.tries, 'try')}"
    outcome = ", ".join([*counts, tried if trial.planned else "no poses planned"])
    return errors, "\n  ".join([outcome, *trial.told])


def _as_json(error: Problem | str, path: Path) -> dict[str, Any]:
    if isinstance(error, str):
        nowhere = dict.fromkeys(("line", "column", "key"))
        return {"file": str(path), **nowhere, "message": error}
    return {
        "file": error.file,
        "line": error.position.line,
        "column": error.position.column,
        "key": error.key or None,
        "message": error.message,
    }


def _print_errors(errors: list[Problem | str], outcome: str) -> None:
    """Print errors; of those without a place (poses that fail alike) only a few, and then which
    scenarios and goals were met.
    """
    others = [error for error in errors if isinstance(error, str)]
    for sentence in shortened([str(error) for error in errors if not isinstance(error, str)]):
        print_error(sentence)
    if len(others) > 3:
        others[3:] = [f"and {len(others) - 3} more"]
    if others:
        print_error("\n       ".join(others))
    for line in outcome.splitlines()[1:]:
        err.print(line)


def _count(number: int, noun: str) -> str:
    """Return ``1 model`` or ``2 models``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipes, for completion in an editor.

    Example: `orbitset recipe schema > recipe.schema.json`, and in the recipe's first line
    `# yaml-language-server: $schema=recipe.schema.json`
    """
    from renderer.recipe import recipe_schema

    print_json(recipe_schema())


@app.command()
def show(
    path: RecipePath,
    index: Annotated[int, typer.Option(help="Which image.", min=0)] = 0,
    seed: Annotated[int | None, typer.Option(help="Another seed than the recipe's.", min=0)] = None,
) -> None:
    """Print the Shot of one image as JSON: every decision, before any rendering.

    Example: `orbitset recipe show scenes/quickstart.yaml --index 17`
    """
    from renderer.commands.import_progress import load_planner
    from renderer.recipe import load_recipe

    loaded = load_recipe(path)
    planner, _ = load_planner(loaded, quiet=True, seed=seed)
    if index >= loaded.recipe.images:
        stop(f"the recipe has {loaded.recipe.images} images, counted from 0: no image {index}")
    print_json(planner.shot(index).model_dump(mode="json"))
