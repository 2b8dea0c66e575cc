"""orbitset recipe: new, check, schema, show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from renderer.commands.terminal import fresh_file, out, say_json, sentences, stop

app = typer.Typer(help="Write, check and look into recipes.", no_args_is_help=True)

RecipePath = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]


@app.command()
def new(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("recipe.yaml"),
    asset: Annotated[
        str, typer.Option(help="A model file or pattern, relative to the new recipe.")
    ] = "models/*.glb",
    category: Annotated[str, typer.Option(help="What the object is called.")] = "product",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a recipe to start from, with every common key explained.

    Example: `orbitset recipe new mugs.yaml --asset 'models/mug.glb' --category mug`
    """
    fresh_file(path, force)
    template = (Path(__file__).parent / "starter.yaml").read_text(encoding="utf-8")
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in path.stem) or "recipe"
    text = template.replace("@NAME@", name.lstrip("._-") or "recipe")
    text = text.replace("@ASSET@", json.dumps(asset)).replace("@CATEGORY@", json.dumps(category))
    with sentences():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    out.print(f"wrote {path}; now: orbitset recipe check {path}")


@app.command()
def check(
    path: RecipePath,
    shots: Annotated[int, typer.Option(help="How many images to plan as a trial.", min=0)] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print findings as JSON.")] = False,
) -> None:
    """Check a recipe: keys, values, files, models, and whether its poses can be met.

    Example: `orbitset recipe check scenes/quickstart.yaml`
    """
    from renderer.commands.prepare import prepare
    from renderer.plan import PlanError
    from renderer.recipe import RecipeError, load_recipe

    if as_json:
        try:
            load_recipe(path)
        except RecipeError as error:
            say_json(
                [
                    {
                        "file": p.file,
                        "line": p.position.line,
                        "column": p.position.column,
                        "key": p.key,
                        "message": p.message,
                    }
                    for p in error.problems
                ]
            )
            raise typer.Exit(2) from None
    with sentences():
        loaded = load_recipe(path)
        planner, facts = prepare(loaded, quiet=as_json)
        problems: list[str] = []
        tries = 0
        total = min(shots, loaded.recipe.images)
        for index in range(total):
            try:
                tries += planner.shot(index).attempts
            except PlanError as error:
                problems.append(str(error))
    if as_json:
        say_json([{"key": "", "message": problem} for problem in problems])
    elif problems:
        for problem in problems[:3]:
            out.print(f"[bold red]error:[/] {problem}")
    else:
        models = len(facts)
        poses = f"{total} poses planned in {tries} tries" if total else "no poses planned"
        out.print(
            f"{path} is a good recipe: {loaded.recipe.images} images, {models} models, {poses}"
        )
    if problems:
        raise typer.Exit(2)


@app.command()
def schema() -> None:
    """Print the JSON Schema of recipes, for completion in an editor.

    Example: `orbitset recipe schema > recipe.schema.json`, and in the recipe's first line
    `# yaml-language-server: $schema=recipe.schema.json`
    """
    from renderer.recipe import recipe_schema

    say_json(recipe_schema())


@app.command()
def show(
    path: RecipePath,
    index: Annotated[int, typer.Option(help="Which image.", min=0)] = 0,
    seed: Annotated[int | None, typer.Option(help="Another seed than the recipe's.", min=0)] = None,
) -> None:
    """Print the Shot of one image as JSON: every decision, before any rendering.

    Example: `orbitset recipe show scenes/quickstart.yaml --index 17`
    """
    from renderer.commands.prepare import prepare
    from renderer.recipe import load_recipe

    with sentences():
        loaded = load_recipe(path)
        planner, _ = prepare(loaded, quiet=True, seed=seed)
        if index >= loaded.recipe.images:
            stop(f"the recipe has {loaded.recipe.images} images, counted from 0: no image {index}")
        print(planner.shot(index).model_dump_json(indent=2))
