"""Some shots of a recipe planned before any is rendered: whether poses, scenarios and goals can be
met, and at what cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from renderer.plan.planner import PlanError, Planner
from renderer.recipe.scenarios import place_of, planned_counts

# How many shots of each scenario and band are tried, among how many they are looked for, and how
# many there are in all.
_EACH, _AMONG, _MOST = 3, 1000, 100


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes:
        planned: how many shots were planned.
        tries: how many poses that took.
        errors: a sentence for each shot without a pose.
        told: sentences on scenarios and goals: how many images are planned, how many were met.

    """

    planned: int
    tries: int
    errors: list[str]
    told: list[str]


def plan_some(planner: Planner, shots: int) -> Trial:
    """Plan the first shots of a recipe, and besides some of each scenario and of each band of its
    goals; of no shots, none.
    """
    tries, errors, wanted, met = 0, list[str](), Counter[str](), Counter[str]()
    chosen = dict(_chosen(planner, shots)) if shots else {}
    for index, tags in chosen.items():
        wanted.update(tags)
        try:
            tries += planner.shot(index).attempts
        except PlanError as error:
            errors.append(str(error))
        else:
            met.update(tags)
    counts = planned_counts(planner.recipe) if planner.recipe.scenarios else {}
    told = [
        f"{'no scenario' if name is None else f'scenario {name}'}: {count} of the images"
        for name, count in counts.items()
    ]
    told += [
        f"{tag}: {met[tag]} of {count} tried were met"
        for tag, count in sorted(wanted.items())
        if tag.startswith("goals.")
    ]
    return Trial(len(chosen), tries, errors, told)


def _chosen(planner: Planner, shots: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the shots to plan, each with its scenario and bands."""
    total, seen = planner.recipe.images, Counter[str]()
    few = planner.recipe.scenarios or planner.has_goals
    for index in range(min(total, _AMONG) if few else min(total, shots)):
        tags = _tags(planner, index)
        if index < shots or (seen.total() < _MOST and any(seen[tag] < _EACH for tag in tags)):
            seen.update(tags)
            yield index, tags


def _tags(planner: Planner, index: int) -> list[str]:
    name, _ = place_of(planner.recipe, index)
    of = "" if name is None else f" of {name}"
    wanted = planner.wanted(index).items()
    # Cells of views are many, and all alike.
    bands = [f"goals.{goal} {band}{of}" for goal, band in wanted if goal != "views"]
    return [*([name] if name is not None else []), *bands]
