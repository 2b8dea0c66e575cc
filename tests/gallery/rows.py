"""The table of settings: for each picture the recipes of its three panels."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from renderer.recipe import Recipe

HERE = Path(__file__).parent
SCENE = HERE.parent.parent / "scenes" / "gallery.yaml"
PICTURES = HERE.parent.parent / "docs" / "gallery"
PANELS = ("off", "mild", "strong")


@dataclass(frozen=True)
class Row:
    """One picture.

    Attributes:
        name: its file's, without suffix.
        key: the recipe's key that it shows.
        settings: for each panel, what the key is set to; None leaves it out.
        scene: other keys of the recipe.

    """

    name: str
    key: str
    settings: dict[str, Any]
    scene: dict[str, Any]

    def recipe(self, panel: str) -> Recipe:
        """Return the recipe of a panel; its paths are relative to the scene's folder."""
        data = _merged(yaml.safe_load(SCENE.read_text()), self.scene)
        if self.settings[panel] is not None:
            *way, last = self.key.split(".")
            at = data
            for part in way:
                at = at.setdefault(part, {})
            at[last] = self.settings[panel]
        return Recipe.model_validate(data, context={"folder": SCENE.parent})


def rows() -> list[Row]:
    """Return every row of the table."""
    table = yaml.safe_load((HERE / "settings.yaml").read_text())
    return [
        Row(
            name,
            said.get("key", f"effects.{name}"),
            {panel: said.get(panel) for panel in PANELS},
            said.get("scene", {}),
        )
        for name, said in table.items()
    ]


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with another's keys over it, mappings in it likewise."""
    made = copy.deepcopy(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(made.get(key), dict)
        made[key] = _merged(made[key], value) if both else value
    return made
