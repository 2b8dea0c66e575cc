"""The named points of a recipe's categories: the objects of one all have the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from renderer.asset import AssetFacts, AssetSource
from renderer.asset.keypoints import KeypointSet
from renderer.plan.sources import object_models
from renderer.recipe import Recipe
from renderer.values.key import KeyPath

_KIND = "keypoints"
# Models of one object entry that are named.
_MOST_NAMED = 3


def category_keypoints(
    recipe: Recipe,
    sources: Sequence[Mapping[str, AssetSource]],
    known: Mapping[AssetSource, AssetFacts],
) -> dict[str, KeypointSet]:
    """Return the points of each category that has some; none where a recipe does not ask for them.

    Args:
        recipe: the recipe, without refusals by ``keypoint_refusals``.
        sources: for each object entry its model files by their paths in the recipe.
        known: the facts of each model.

    """
    if _KIND not in recipe.labels.on:
        return {}
    found: dict[str, KeypointSet] = {}
    for _, spec, models in object_models(recipe, sources):
        for source in models.values():
            keypoints = known[source].keypoints
            if keypoints is not None:
                found.setdefault(spec.category, keypoints.named)
    return found


def keypoint_refusals(
    recipe: Recipe,
    sources: Sequence[Mapping[str, AssetSource]],
    known: Mapping[AssetSource, AssetFacts],
) -> list[tuple[KeyPath, str]]:
    """Return key and reason of each object entry whose models have other points than those of its
    category before, or none where those have some. Models that are not known are passed over.
    """
    if _KIND not in recipe.labels.on:
        return []
    first: dict[str, tuple[str, KeypointSet | None]] = {}
    found: list[tuple[KeyPath, str]] = []
    entries = list(object_models(recipe, sources))
    for key, spec, models in entries:
        there = {path: _points(known[each]) for path, each in models.items() if each in known}
        for path, points in there.items():
            first.setdefault(spec.category, (path, points))
        if there:
            other, wanted = first[spec.category]
            said = list(_differences(there, other, wanted))
            more = [f"and {len(said) - _MOST_NAMED} more models"] if len(said) > _MOST_NAMED else []
            if said:
                lead = f"models of the category {spec.category} must all have the same keypoints: "
                sentence = lead + "; ".join([*said[:_MOST_NAMED], *more])
                found.append((key, sentence))
    every = [each for _, _, models in entries for each in models.values()]
    if all(each in known and known[each].keypoints is None for each in every):
        found.append((("labels", _KIND), _NONE))
    return found


_NONE = (
    "keypoint labels are asked for, and no model has keypoints: write them beside the models "
    "(orbitset asset keypoints FILE --template), or leave labels.keypoints off"
)


def _points(facts: AssetFacts) -> KeypointSet | None:
    return None if facts.keypoints is None else facts.keypoints.named


def _differences(
    there: Mapping[str, KeypointSet | None], other: str, wanted: KeypointSet | None
) -> Iterator[str]:
    for path, points in there.items():
        if points == wanted:
            continue
        if points is None or wanted is None:
            without, with_ = (path, other) if points is None else (other, path)
            yield f"{without} has none, {with_} has"
        elif points.names != wanted.names:
            yield f"{path} has {', '.join(points.names)}, {other} {', '.join(wanted.names)}"
        else:
            what = "flips" if points.skeleton == wanted.skeleton else "skeleton"
            yield f"{path} has another {what} than {other}"
