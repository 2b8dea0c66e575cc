"""The manifest: what a dataset was made of, and what went wrong; no times, no machine names."""

from __future__ import annotations

import json
from typing import Any

from renderer.asset import AssetFacts
from renderer.dataset.layout import Layout, write_atomic
from renderer.dataset.merge import MergeResult
from renderer.recipe import Recipe


def write_manifest(
    layout: Layout,
    recipe: Recipe,
    version: str,
    engine_version: str,
    assets: dict[str, AssetFacts],
    result: MergeResult,
) -> None:
    """Write ``manifest.json``. ``assets`` maps paths as in the recipe to facts."""
    manifest = {
        "name": recipe.name,
        "orbitset": version,
        "bpy": engine_version,
        "seed": recipe.seed,
        "images": result.images,
        "annotations": result.annotations,
        "categories": list(recipe.categories),
        "failed": [{"shot": index, "cause": cause} for index, cause in result.failed],
        "warnings": [
            f"{path}: {warning}"
            for path, facts in sorted(assets.items())
            for warning in facts.warnings
        ],
        "assets": {
            path: {
                "digest": facts.key,
                "faces": facts.faces,
                "size_m": facts.size_m,
                "source_to_model": facts.source_to_model,
                "warnings": facts.warnings,
            }
            for path, facts in sorted(assets.items())
        },
        "recipe": recipe.model_dump(mode="json"),
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(layout.manifest, (text + "\n").encode())


def read_manifest(layout: Layout) -> dict[str, Any]:
    """Return the manifest.

    Raises:
        FileNotFoundError: the folder holds no finished dataset.

    """
    manifest: dict[str, Any] = json.loads(layout.manifest.read_text(encoding="utf-8"))
    return manifest
