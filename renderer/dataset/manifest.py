"""The manifest: what a dataset was made of, and what went wrong; no times, no machine names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from renderer.asset import AssetFacts
from renderer.dataset.json_text import loads
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.merge import MergeResult
from renderer.dataset.provenance import Provenance, head_versions
from renderer.dataset.read import (
    COUNT,
    TEXT,
    TEXTS,
    VECTOR,
    WHOLE,
    Kind,
    Kinds,
    fault,
    unfinished,
)
from renderer.dataset.storage import write_atomic
from renderer.recipe import Recipe

Record = dict[str, Any]


def manifest_head(
    recipe: Recipe,
    version: str,
    engine_version: str,
    assets: dict[str, AssetFacts],
    versions: Mapping[str, str] | None = None,
) -> Record:
    """Return what a manifest says of a run before it has rendered anything.

    ``assets`` maps paths as in the recipe to facts, ``versions`` libraries to theirs.
    """
    return {
        "name": recipe.name,
        "orbitset": version,
        "bpy": engine_version,
        "versions": {"orbitset": version, "bpy": engine_version, **(versions or {})},
        "seed": recipe.seed,
        "categories": list(recipe.categories),
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


def write_manifest(
    layout: Layout, head: Record, result: MergeResult, provenance: Provenance
) -> None:
    """Write ``manifest.json``: the head, what came of it, and the recipe last."""
    mixed = provenance.mixtures()
    manifest = {
        **{key: head[key] for key in ("name", "orbitset", "bpy", "seed")},
        "versions": head_versions(head),
        "backends": sorted(provenance.backends),
        "mixed": mixed,
        "images": result.images,
        "annotations": result.annotations,
        "categories": head["categories"],
        "failed": [{"shot": index, "cause": cause} for index, cause in result.failed],
        "missing": spans(result.missing),
        "warnings": head["warnings"]
        + [f"images may differ for having been mixed: {each}" for each in mixed]
        + result.sentences(),
        "assets": head["assets"],
        "recipe": head["recipe"],
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(layout.manifest, (text + "\n").encode())


def spans(indices: Iterable[int | range]) -> list[str]:
    """Return ascending indices, or ranges of them, in short: ``["0-99", "107"]``."""
    found: list[list[int]] = []
    for each in indices:
        first, last = (each.start, each.stop - 1) if isinstance(each, range) else (each, each)
        if found and first == found[-1][1] + 1:
            found[-1][1] = last
        else:
            found.append([first, last])
    return [str(first) if first == last else f"{first}-{last}" for first, last in found]


def _are_assets(value: Any) -> bool:
    kinds: Kinds = {"digest": TEXT, "faces": COUNT, "size_m": VECTOR}
    return isinstance(value, dict) and not any(fault(each, kinds) for each in value.values())


ASSETS = Kind("an object of models", _are_assets)
_KINDS: Kinds = {
    "name": TEXT,
    "orbitset": TEXT,
    "bpy": TEXT,
    "seed": WHOLE,
    "images": COUNT,
    "annotations": COUNT,
    "categories": TEXTS,
    "failed": Kind(
        "a list of shots and causes",
        lambda value: (
            isinstance(value, list)
            and not any(fault(each, {"shot": COUNT, "cause": TEXT}) for each in value)
        ),
    ),
    "missing": TEXTS,
    "warnings": TEXTS,
    "assets": ASSETS,
    "recipe": {"images": COUNT},
}


def read_manifest(layout: Layout) -> Record:
    """Return the manifest.

    Raises:
        DatasetError: the dataset is not finished, or its manifest is damaged.

    """
    try:
        manifest: Record = loads(layout.manifest.read_bytes())
    except FileNotFoundError:
        raise unfinished(layout) from None
    except DatasetError:
        raise
    except ValueError as error:
        raise DatasetError(f"manifest.json is damaged: {error}") from None
    if wrong := fault(manifest, _KINDS):
        raise DatasetError(f"manifest.json is damaged: it {wrong}")
    return manifest
