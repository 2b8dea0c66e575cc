"""What a dataset says of the run that made it: in ``parts/run.json`` before the first image, and
again in its manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from renderer.asset import AssetFacts
from renderer.asset.keypoints import KeypointSet
from renderer.dataset.stored_model import StoredModel, read_value
from renderer.recipe import Recipe
from renderer.values.bounded import Count, Matrix4x4, Vector3, Whole

LabelOptions = dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")], dict[str, Any]]
"""The label kinds that a dataset has, each with its options; a kind's name is one of a folder."""


class StoredAsset(StoredModel):
    """What is known of a model."""

    digest: str
    faces: Count
    size_m: Vector3
    source_to_model: Matrix4x4
    warnings: tuple[str, ...]


class StoredOutput(StoredModel):
    """What a recipe says of its files."""

    exports: tuple[dict[str, Any], ...] = ()


class StoredRecipe(StoredModel):
    """A recipe, as far as is counted on what is in it; ``images`` counts shots."""

    images: Annotated[int, Field(ge=1, le=100_000_000)]
    output: StoredOutput = StoredOutput()

    @model_serializer(mode="wrap")
    def _in_its_own_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keep a recipe's order, for whoever reads it in a manifest or report."""
        found: dict[str, Any] = handler(self)
        return {key: found[key] for key in Recipe.model_fields if key in found} | found


class RunHead(StoredModel):
    """What is known of a run before it has rendered anything.

    Attributes:
        versions: of libraries; of a run of an older orbitset none are known.
        labels: the label kinds, each with its options.
        keypoints: the points of the objects of a category, by its name.
        assets: the models, by their paths in the recipe.

    """

    name: str
    orbitset: str
    bpy: str
    versions: dict[str, str] = Field(default_factory=dict)
    seed: Whole
    categories: tuple[str, ...]
    labels: LabelOptions
    keypoints: dict[str, KeypointSet] = Field(default_factory=dict)
    warnings: tuple[str, ...]
    assets: dict[str, StoredAsset]
    recipe: StoredRecipe


class Origin(StoredModel):
    """Where the recipe of a run came from."""

    recipe: str
    changes: dict[str, Any]


class RunFile(StoredModel):
    """``parts/run.json``: what run a folder belongs to.

    Attributes:
        fingerprint: a digest of all that shapes the dataset.
        origin: where the recipe came from.
        files: digests of the files that the recipe names; an older orbitset did not note them.

    """

    fingerprint: str
    origin: Origin | None = None
    files: dict[str, str] | None = None
    head: RunHead


def run_head(
    recipe: Recipe,
    version: str,
    engine_version: str,
    assets: Mapping[str, AssetFacts],
    versions: Mapping[str, str] | None = None,
    keypoints: Mapping[str, KeypointSet] | None = None,
) -> RunHead:
    """Return what is known of a run before it has rendered anything.

    ``assets`` maps paths as in the recipe to facts, ``versions`` libraries to theirs, ``keypoints``
    categories to the points of their objects.
    """
    by_path = sorted(assets.items())
    return RunHead(
        name=recipe.name,
        orbitset=version,
        bpy=engine_version,
        versions={"orbitset": version, "bpy": engine_version, **(versions or {})},
        seed=recipe.seed,
        categories=recipe.categories,
        labels=label_options(recipe),
        keypoints=dict(keypoints or {}),
        warnings=tuple(
            f"{path}: {warning}" for path, facts in by_path for warning in facts.warnings
        ),
        assets={
            path: StoredAsset(
                digest=facts.key,
                faces=facts.faces,
                size_m=facts.size_m,
                source_to_model=facts.source_to_model,
                warnings=facts.warnings,
            )
            for path, facts in by_path
        },
        recipe=read_value(StoredRecipe, recipe.model_dump(mode="json")),
    )


def label_options(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """Return the label kinds that a recipe asks for, each with its options."""
    return {name: options.model_dump(mode="json") for name, options in recipe.labels.on.items()}
