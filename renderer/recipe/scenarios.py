"""``scenarios`` of a recipe: an exact share of the images has other keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    JsonValue,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.recipe.shares import ImageShare, must_leave_room
from renderer.values.distribution import DISTRIBUTION_KEYS, Strict
from renderer.values.files import NamedFiles, files_named
from renderer.values.key import KeyPath
from renderer.values.quota import Quota

if TYPE_CHECKING:
    from renderer.recipe.model import Recipe

KEY = "scenarios"
_MOST = 100
# What all images of a dataset have in common, and why.
_COMMON: dict[KeyPath, str] = {
    ("name",): "a dataset has one name",
    ("images",): "say how many images are of a scenario with its share",
    ("seed",): "every image draws from one seed",
    (KEY,): "a scenario has none of its own",
    ("labels",): "all images of a dataset have the same labels",
    ("output",): "all images of a dataset are written alike",
    ("camera", "resolution"): "all images of a dataset have one size",
    ("camera", "rig"): "all shots of a dataset have the same views",
    ("render", "engine"): "a run has one engine",
}
_BANDS = (("goals", "visibility"), ("goals", "object_px"))

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


class Scenario(Strict):
    """Images that have some keys of their own; all else is the recipe's, and the streams, too."""

    share: ImageShare = Field(description="Of all images, kept exactly; at most four decimals.")
    override: dict[str, JsonValue] = Field(
        min_length=1,
        description="Any keys of the recipe with other values. Mappings are joined; distributions "
        "and lists are replaced; null takes a key of the recipe away.",
    )


def _share_the_images(scenarios: dict[Name, Scenario]) -> dict[Name, Scenario]:
    must_leave_room((each.share for each in scenarios.values()), KEY)
    if len(scenarios) > _MOST:
        raise PydanticCustomError("scenarios", "are more than {most}", {"most": _MOST})
    return scenarios


Scenarios = Annotated[dict[Name, Scenario], AfterValidator(_share_the_images)]


def joined(below: Any, above: Any, path: KeyPath = ()) -> Any:
    """Return plain data with other data put over it, as in JSON Merge Patch (RFC 7396): mappings
    are joined, null takes a key away, all else is replaced; so are distributions and bands, of
    which two would be none. ``path`` is the way to them.
    """
    if not isinstance(above, Mapping):
        return above
    if not isinstance(below, Mapping) or _is_one_value(below, path) or _is_one_value(above, path):
        below = {}
    changed = {
        key: joined(below.get(key), value, (*path, key))
        for key, value in above.items()
        if value is not None
    }
    return {key: value for key, value in below.items() if key not in above} | changed


def _is_one_value(mapping: Mapping[str, Any], path: KeyPath) -> bool:
    return path in _BANDS or any(key in mapping for key in DISTRIBUTION_KEYS)


def recipe_of(recipe: Recipe, name: str, context: Any = None) -> Recipe:
    """Return the whole recipe of a scenario.

    Args:
        recipe: the recipe that has the scenario.
        name: the scenario's.
        context: of the validation; with the recipe's folder files are looked for.

    Raises:
        ValidationError: it is not a recipe.

    """
    plain = recipe.model_dump(mode="json", exclude_unset=True, exclude={KEY})
    override = recipe.scenarios[name].override
    return type(recipe).model_validate(joined(plain, override), context=context)


def must_be_recipes(recipe: Recipe, info: ValidationInfo) -> None:
    """Make sure that each scenario gives a recipe, and leaves alone what images have in common.

    Raises:
        ValidationError: they do not; it tells where.

    """
    found: list[InitErrorDetails] = []
    for name, scenario in recipe.scenarios.items():
        place = (KEY, name, "override")
        common = list(_common(scenario.override, place))
        found += common
        if common:
            continue
        try:
            recipe_of(recipe, name, info.context)
        except ValidationError as error:
            found += [_within(place, dict(each)) for each in error.errors(include_url=False)]
    if found:
        raise ValidationError.from_exception_data(KEY, found)


def _common(override: Mapping[str, Any], place: KeyPath) -> Iterator[InitErrorDetails]:
    for path, why in _COMMON.items():
        value: Any = override
        for part in path:
            value = value.get(part, ...) if isinstance(value, Mapping) else ...
        if value is not ...:
            error = PydanticCustomError(
                "common", "is no key that a scenario may change: {why}", {"why": why}
            )
            yield InitErrorDetails(type=error, loc=(*place, *path), input=value)


def _within(place: KeyPath, error: dict[str, Any]) -> InitErrorDetails:
    """Return an error of a scenario's recipe as one of the override that makes it."""
    kind, context, message = error["type"], error.get("ctx") or {}, error["msg"]
    if kind == "exclusive":
        message += " (null takes away what the rest of the recipe says)"
    detail = {"loc": (*place, *error["loc"]), "input": error["input"], "ctx": context}
    known: InitErrorDetails = {"type": kind, **detail}  # type: ignore[typeddict-item]
    try:
        ValidationError.from_exception_data(KEY, [known])
    except KeyError:  # it is not one of pydantic's own
        # Braces in a message would be read as names.
        named = {**context, "said": message}
        known["type"] = PydanticCustomError(kind, "{said}", named)
    return known


def more_categories(scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    """Yield the categories of the objects of scenarios that have others than their recipe."""
    for scenario in scenarios.values():
        objects = scenario.override.get("objects")
        for spec in objects if isinstance(objects, list) else ():
            if isinstance(spec, dict) and isinstance(category := spec.get("category"), str):
                yield category


def files_of(recipe: BaseModel) -> list[NamedFiles]:
    """Return every key of a recipe (or of a part of one) that names files, those of scenarios, too;
    what comes with Blender is left out.
    """
    named = files_named(recipe)
    for name, whole in getattr(recipe, "by_scenario", {}).items():
        own = [each for each in files_named(whole) if each not in named]
        named += [replace(each, key=(KEY, name, "override", *each.key)) for each in own]
    return named


def quota_of(recipe: Recipe) -> Quota:
    """Return which shots are of which scenario: sides in the order of scenarios, then the rest."""
    shares = [each.share for each in recipe.scenarios.values()]
    return Quota.of_shares(KEY, shares, recipe.seed)


def place_of(recipe: Recipe, index: int) -> tuple[str | None, int]:
    """Return the name of the scenario that a shot is of, and the shot's place among those that have
    the same goals: of a scenario with goals of its own, or of all others.
    """
    if not recipe.scenarios:
        return None, index
    names, quota = [*recipe.scenarios], quota_of(recipe)
    side = quota.side(index)
    own = {at for at, name in enumerate(names) if "goals" in recipe.scenarios[name].override}
    if not own:
        place = index
    else:
        before = quota.counts(index)
        place = before[side] if side in own else index - sum(before[at] for at in own)
    return (names[side] if side < len(names) else None), place


def planned_counts(recipe: Recipe) -> dict[str | None, int]:
    """Return how many shots are of each scenario, and under None how many of none."""
    counts = quota_of(recipe).counts(recipe.images)
    return dict(zip([*recipe.scenarios, None], counts, strict=True))
