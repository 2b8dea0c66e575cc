"""Load a recipe file: every problem at once, each with its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from renderer.recipe.model import Recipe
from renderer.recipe.problem import Problem, RecipeError, explain
from renderer.recipe.source import Position, SourceError, parse


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe and the file it came from."""

    recipe: Recipe
    path: Path
    text: str

    @property
    def folder(self) -> Path:
        """The folder that the recipe's paths are relative to."""
        return self.path.resolve().parent


def load_recipe(path: Path) -> LoadedRecipe:
    """Read, parse and validate a recipe.

    Raises:
        RecipeError: the file is missing, not YAML, or not a valid recipe; holds every problem.

    """
    start = Position(1, 1)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError([Problem(str(path), start, "", f"cannot be read: {reason}")]) from None
    except UnicodeDecodeError:
        raise RecipeError([Problem(str(path), start, "", "is not a text file in UTF-8")]) from None
    try:
        source = parse(text)
    except SourceError as error:
        raise RecipeError([Problem(str(path), error.position, "", str(error))]) from None
    if not isinstance(source.data, dict):
        message = "a recipe is a mapping of keys such as name, images and objects"
        raise RecipeError([Problem(str(path), start, "", message)])
    try:
        context = {"folder": path.resolve().parent}
        recipe = Recipe.model_validate(source.data, context=context)
    except ValidationError as error:
        raise RecipeError(explain(error, source, Recipe, str(path))) from None
    return LoadedRecipe(recipe, path, text)


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe file, for completion and checks in an editor."""
    schema = Recipe.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "orbitset recipe"
    return schema


def canonical(recipe: Recipe) -> str:
    """Return the recipe as canonical JSON with every default filled in (for fingerprints)."""
    return json.dumps(recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
