"""The table of camera presets in docs/effects.md; run as a module it is written anew."""

from __future__ import annotations

import re
from typing import Any

from renderer.recipe.camera_preset import PRESETS
from renderer.registry import EFFECTS
from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "effects.md"
TABLE = re.compile(r"^\| key \|.*?\n(?=\n)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """Rows of keys, columns of presets."""
    names = [name for name in PRESETS if name != "none"]
    lines = [f"| key | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for effect in EFFECTS.names():
        keys = {key: None for name in names for key in PRESETS[name].get(effect, {})}
        bare = not keys and any(effect in PRESETS[name] for name in names)
        for key in [None] if bare else keys:
            if key is None:
                cells = ["on" if effect in PRESETS[name] else "–" for name in names]
            else:
                cells = [_cell(PRESETS[name].get(effect, {}).get(key)) for name in names]
            shown = f"{effect}.{key}" if key else effect
            lines.append(f"| `{shown}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if not isinstance(value, dict):
        return str(value)
    if "normal" in value:
        mean, deviation = value["normal"]
        return f"{mean:g} ± {deviation:g}"
    if "choice" in value:
        return " or ".join(map(str, value["choice"]))
    (low, high), *_ = value.values()
    return f"{low:g} to {high:g}"


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table(), text), encoding="utf-8")
