"""The ``README.md`` of an export: for whoever finds the folder, and knows nothing of orbitset."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from renderer.export.format import Format, Guide

README = "README.md"
# Classes that are named, the most frequent ones.
_CLASSES = 50
_UNITS = {
    "scene": "scene (a shot with all its views and variants)",
    "asset": "model",
    "background": "background (photo, colour, or world)",
    "variant": "view with its variants",
}
_MARKUP = re.compile(r"([\\`*_\[\]<>|#~])")


def readme(form: Format[Any], guide: Guide, facts: dict[str, Any]) -> str:
    """Return the text; it depends on the facts of ``export.json`` and the format's guide alone."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # it is Markdown; ``plain`` takes the markup out
    )
    environment.filters["plain"] = _plain
    names = facts["categories"]
    order = sorted(names, key=lambda each: (-facts["objects"].get(each, 0), int(each)))
    return environment.get_template("readme.md.j2").render(
        facts=facts,
        guide=guide,
        description=" ".join((inspect.getdoc(type(form)) or "").split()),
        by=_UNITS.get(facts["options"].get("by", "")),
        classes=[(each, names[each]) for each in sorted(order[:_CLASSES], key=int)],
        more=len(order) - len(order[:_CLASSES]),
        dropped=sum(facts["objects"].values()) - facts["annotations"],
    )


def _plain(text: str) -> str:
    """Return a text on one line that Markdown shows as it is: names may come from anywhere."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return _MARKUP.sub(r"\\\1", line)
