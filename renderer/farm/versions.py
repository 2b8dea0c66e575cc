"""What makes a dataset's bytes beside its recipe, as it is installed on this machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from renderer import __version__
from renderer.recipe import Recipe
from renderer.recipe.scenarios import files_of
from renderer.registry import EFFECTS, LABEL_KINDS
from renderer.values.files import MODEL

# Libraries that a plan, a label or a picture has gone through; each under the names it is installed
# by. Not among them is what only reads a recipe (it is compared itself) or draws the report (every
# merge draws all of it anew).
_LIBRARIES = (
    ("bpy",),
    ("numpy",),
    ("scipy",),
    ("embreex",),
    ("rapier3d",),
    ("pycocotools",),
    ("opencv-python", "opencv-python-headless", "opencv-contrib-python"),
    ("pyoidn",),
    ("opencolorio",),
    ("pillow",),
)


@dataclass(frozen=True)
class Equipment:
    """What a machine renders with beside the recipe and its models.

    Attributes:
        versions: of libraries, by name.
        files: a digest of the names and sizes of photos and HDRIs.

    """

    versions: Mapping[str, str]
    files: str


def equipment(recipe: Recipe, folder: Path) -> Equipment:
    """Return what this machine has."""
    sizes = [
        (name, path.stat().st_size if (path := folder / name).exists() else None)
        for each in files_of(recipe)
        if each.kind != MODEL  # of its models, a node that lacks some is sent them
        for name in each.files(folder)
    ]
    files = hashlib.blake2b(json.dumps(sizes).encode(), digest_size=16).hexdigest()
    return Equipment(recipe_versions(recipe), files)


def library_versions() -> dict[str, str]:
    """Return the version of orbitset and of each library that touches bytes, by name."""
    return {"orbitset": __version__, **{names[0]: _version(names) for names in _LIBRARIES}}


def recipe_versions(recipe: Recipe) -> dict[str, str]:
    """Return those, and of the packages that a recipe's effects and label kinds come from."""
    recipes = [recipe, *recipe.by_scenario.values()]
    effects = EFFECTS.versions({name for each in recipes for name in each.effects.on})
    kinds = set(recipe.labels.on)
    return library_versions() | effects | LABEL_KINDS.versions(kinds)


def _version(names: tuple[str, ...]) -> str:
    for name in names:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "unknown"
