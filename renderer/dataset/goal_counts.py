"""How many images are in which band of a recipe's goals, by their labels and not by their plans."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.dataset.run_file import StoredRecipe
from renderer.recipe.goals import Goals, limits
from renderer.recipe.scenarios import joined
from renderer.truth.kinds.amodal import AmodalFields

REST = "rest"
Bands = dict[str, float]


@dataclass
class GoalCounts:
    """Images by goal and band.

    Attributes:
        bands: the wanted shares of bands by goal, of scenarios with goals of their own by their
            names, of all others by None.
        counts: how many images are in which band: by scenario (or None) and goal.

    """

    bands: dict[str | None, dict[str, Bands]] = field(default_factory=dict)
    counts: dict[tuple[str | None, str], Counter[str]] = field(default_factory=dict)

    @staticmethod
    def of(recipe: StoredRecipe) -> GoalCounts:
        """Return the goals of a dataset's recipe, as far as they can be read, and no images."""
        plain = recipe.get("goals") or {}
        bands = {None: _bands(plain)}
        scenarios = recipe.get("scenarios")
        for name, scenario in scenarios.items() if isinstance(scenarios, dict) else ():
            override = scenario.get("override") if isinstance(scenario, dict) else None
            if isinstance(override, dict) and "goals" in override:
                bands[name] = _bands(joined(plain, override["goals"], ("goals",)))
        return GoalCounts({name: each for name, each in bands.items() if each})

    def add(self, image: ImageRecord, annotations: Sequence[AnnotationRecord]) -> None:
        """Count one image; where no label tells how much of objects is hidden, none is counted."""
        of = image.scenario if image.scenario in self.bands else None
        told: list[Any] = [each for each in annotations if isinstance(each, AmodalFields)]
        for goal, bands in self.bands.get(of, {}).items() if told else ():
            if goal == "visibility":
                value = min(each.visibility for each in told)
            else:
                value = min(math.sqrt(each.amodal_bbox[2] * each.amodal_bbox[3]) for each in told)
            band = next((band for band in bands if _is_in(value, band)), REST)
            self.counts.setdefault((of, goal), Counter())[band] += 1

    def by_title(self) -> dict[str, Counter[str]]:
        """Return the counts of each goal by what to call it."""
        return {
            goal if of is None else f"{goal} of {of}": counts
            for (of, goal), counts in self.counts.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain data: of each goal its bands with images, share and what is wanted."""
        found: dict[str, Any] = {}
        for (of, goal), counts in self.counts.items():
            wanted = self.bands[of][goal]
            shares = {**wanted, REST: round(1 - sum(wanted.values()), 4)}
            found[goal if of is None else f"{goal} of {of}"] = {
                band: {
                    "images": counts[band],
                    "share": round(counts[band] / counts.total(), 4),
                    "wanted": share,
                }
                for band, share in shares.items()
            }
        return found


def _bands(goals: Any) -> dict[str, Bands]:
    try:
        return Goals.model_validate(goals).bands
    except ValidationError:  # of another version, or somebody else's
        return {}


def _is_in(value: float, band: str) -> bool:
    low, high = limits(band)
    return low <= value < high or value == high == 1
