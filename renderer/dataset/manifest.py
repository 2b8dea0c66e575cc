"""The manifest: what a dataset was made of, and what went wrong; no times, no machine names."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import Field

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.layout import DatasetError, Layout, unfinished
from renderer.dataset.merge import MergeResult
from renderer.dataset.provenance import Provenance, head_versions
from renderer.dataset.run_file import LabelOptions, RunHead, StoredAsset, StoredRecipe
from renderer.dataset.storage import write_atomic
from renderer.dataset.stored_model import ContentError, StoredModel, read_json, unlike
from renderer.values.bounded import Count, Whole


class Failure(StoredModel):
    """A shot that was given up, and why."""

    shot: Count
    cause: str


class Manifest(StoredModel):
    """``manifest.json``.

    Attributes:
        versions: of the libraries that the run was begun with.
        backends: what its images were rendered on.
        mixed: what differs between its images of versions and back ends.
        shots: number of shots with images.
        images: number of images.
        annotations: number of annotations.
        scenarios: number of images of each scenario, by its name.
        labels: the label kinds, each with its options.
        keypoints: the points of the objects of a category, by its name.
        failed: shots that were given up.
        missing: spans of shots that are not there: ``"3-5"``, ``"9"``.
        warnings: sentences.
        assets: the models, by their paths in the recipe.

    """

    name: str
    orbitset: str
    bpy: str
    seed: Whole
    versions: dict[str, str]
    backends: tuple[str, ...]
    mixed: tuple[str, ...]
    shots: Count
    images: Count
    annotations: Count
    scenarios: dict[str, Count] = Field(default_factory=dict)
    categories: tuple[str, ...]
    labels: LabelOptions
    keypoints: dict[str, KeypointSet] = Field(default_factory=dict)
    failed: tuple[Failure, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    assets: dict[str, StoredAsset]
    recipe: StoredRecipe


def write_manifest(
    layout: Layout, head: RunHead, result: MergeResult, provenance: Provenance
) -> None:
    """Write ``manifest.json``: the head, what came of it, and the recipe last."""
    mixed = provenance.mixtures()
    warnings = [
        *head.warnings,
        *(f"images may differ for having been mixed: {each}" for each in mixed),
        *result.sentences(),
    ]
    manifest = Manifest(
        **{key: head[key] for key in ("name", "orbitset", "bpy", "seed", "categories")},
        versions=head_versions(head),
        backends=tuple(sorted(provenance.backends)),
        mixed=tuple(mixed),
        shots=result.shots,
        images=result.images,
        annotations=result.annotations,
        scenarios=dict(sorted(result.scenarios.items())),
        labels=head.labels,
        keypoints=head.keypoints,
        failed=tuple(Failure(shot=index, cause=cause) for index, cause in result.failed),
        missing=tuple(spans(result.missing)),
        warnings=tuple(warnings),
        assets=head.assets,
        recipe=head.recipe,
    )
    text = json.dumps(
        manifest.model_dump(mode="json"), indent=2, ensure_ascii=False, allow_nan=False
    )
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


def read_manifest(layout: Layout) -> Manifest:
    """Return the manifest.

    Raises:
        DatasetError: the dataset is not finished, or its manifest is damaged.

    """
    content = b""
    try:
        content = layout.manifest.read_bytes()
        return read_json(Manifest, content)
    except FileNotFoundError:
        raise unfinished(layout) from None
    except ContentError as error:
        raise DatasetError(f"manifest.json {unlike(content, error)}") from None
