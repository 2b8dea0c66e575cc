"""Load a recipe file: every problem at once, each with its place."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, NoDefault
from pydantic_core.core_schema import WithDefaultSchema

from renderer.errors import UserError
from renderer.recipe.model import Recipe
from renderer.recipe.problem import Problem, RecipeError, dotted, explain, trap_problems
from renderer.recipe.source import Position, Source, SourceError, parse

_MOST_BYTES = 4_000_000
_NATURE = "a recipe is a mapping of keys such as name, images and objects"


@dataclass(frozen=True)
class LoadedRecipe:
    """A recipe and the file it came from; ``changes`` are values that were put over the file's."""

    recipe: Recipe
    path: Path
    text: str
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder that the recipe's paths are relative to."""
        return self.path.resolve().parent


def load_recipe(path: Path) -> LoadedRecipe:
    """Read, parse and validate a recipe.

    Raises:
        RecipeError: the file is missing, not YAML, or not a valid recipe; holds every problem.

    """
    text, source = read_source(path, _NATURE)
    try:
        context = {"folder": path.resolve().parent}
        recipe = Recipe.model_validate(source.data, context=context)
    except ValidationError as error:
        raise RecipeError(explain(error, source, Recipe, str(path))) from None
    if source.traps:
        raise RecipeError(trap_problems(source, str(path)))
    return LoadedRecipe(recipe, path, text)


def read_source(path: Path, nature: str) -> tuple[str, Source]:
    """Return the text of a YAML file that is a mapping, and what is in it.

    Args:
        path: the file.
        nature: what such a file is, a sentence for one that is no mapping.

    Raises:
        RecipeError: it is missing, or not YAML, or no mapping.

    """
    start = Position(1, 1)
    try:
        text = _read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError([Problem(str(path), start, "", f"cannot be read: {reason}")]) from None
    except UnicodeDecodeError:
        raise RecipeError([Problem(str(path), start, "", "is not a text file in UTF-8")]) from None
    try:
        source = parse(text)
    except SourceError as error:
        where = dotted(error.path)
        raise RecipeError([Problem(str(path), error.position, where, str(error))]) from None
    if not isinstance(source.data, dict):
        raise RecipeError([Problem(str(path), start, "", nature)])
    return text, source


def override(
    recipe: Recipe,
    images: int | None = None,
    seed: int | None = None,
    engine: str | None = None,
    samples: int | None = None,
) -> Recipe:
    """Return a recipe with other values, checked as its file is.

    Raises:
        UserError: one of them is a value that a recipe may not have.

    """
    data = recipe.model_dump(mode="json", exclude_unset=True)
    for key, value in (("images", images), ("seed", seed)):
        if value is not None:
            data[key] = value
    for key, given in (("engine", engine), ("samples", samples)):
        if given is not None:
            data.setdefault("render", {})[key] = given
    return checked(data)


def checked(data: dict[str, Any]) -> Recipe:
    """Return the recipe of plain data, some of whose values were put over those of a file.

    Raises:
        UserError: one of them is a value that a recipe may not have.

    """
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Input should be ")
        raise UserError(f"{first['loc'][-1]}: {said}") from None


def _read(path: Path) -> str:
    """Return the text of a recipe file.

    Raises:
        OSError: there is none, or it is far too large.
        UnicodeDecodeError: it is not UTF-8.

    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        most = _MOST_BYTES / 1e6
        raise OSError(errno.EFBIG, f"a recipe is a text of at most {most:g} MB, and this has more")
    return content.decode("utf-8")


class _SchemaWithDefaults(GenerateJsonSchema):
    """Tells defaults that are made when they are asked for, too."""

    def get_default_value(self, schema: WithDefaultSchema) -> Any:
        """Return the default of a key."""
        if "default_factory" in schema and not schema.get("default_factory_takes_data"):
            made = schema["default_factory"]()  # type: ignore[call-arg]
            return NoDefault if made is None else made
        return super().get_default_value(schema)


def recipe_schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe file, for completion and checks in an editor."""
    schema = Recipe.model_json_schema(schema_generator=_SchemaWithDefaults)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "orbitset recipe"
    return schema


def canonical(recipe: Recipe) -> str:
    """Return the recipe as canonical JSON with every default filled in (for fingerprints)."""
    return json.dumps(recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
