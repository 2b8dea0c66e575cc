"""What the user writes: YAML → typed recipe, with located errors. Knows nothing of Blender."""

from renderer.recipe.load import LoadedRecipe, canonical, load_recipe, recipe_schema
from renderer.recipe.model import Recipe
from renderer.recipe.problem import Problem, RecipeError

__all__ = [
    "LoadedRecipe",
    "Problem",
    "Recipe",
    "RecipeError",
    "canonical",
    "load_recipe",
    "recipe_schema",
]
