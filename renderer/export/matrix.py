"""Which label kinds which formats carry: a table for people, from what the formats say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal

from renderer.export.format import Format
from renderer.registry import FORMATS, LABEL_KINDS

Cell = Literal["yes", "partly", "no"]


def carried(form: Format[Any], kind: str) -> Cell:
    """Tell whether a format carries a label kind."""
    if form.carries is not None and kind not in form.carries:
        return "no"
    return "partly" if kind in form.partly else "yes"


def table() -> str:
    """Return a table in Markdown of all label kinds and formats that are installed."""
    forms = FORMATS.all().values()
    rows = [["label", *(f"`{form.name}`" for form in forms)], ["---"] * (1 + len(forms))]
    for kind in LABEL_KINDS.names():
        rows.append([f"`{kind}`", *(carried(form, kind) for form in forms)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page() -> str:
    """Return a page in Markdown: the table, and of each format what it is, needs and loses."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Formats\n\n"
    yield "Printed by `orbitset dataset export --list --markdown`: the label kinds that each "
    yield "format carries.\nWhat is carried partly is told below; an export names all that it "
    yield "leaves out.\n\n"
    yield table()
    for name, form in FORMATS.all().items():
        yield f"\n## `{name}`\n\n{description(form)}\n"
        needs = ", ".join(f"`{kind}`" for kind in form.needs)
        yield f"\nNeeds {needs} labels.\n" if needs else ""
        partly = [f"- `{kind}` partly: {lost}\n" for kind, lost in form.partly.items()]
        yield "\n" + "".join(partly) if partly else ""
        options = [
            f"- `--option {key}=...`: {told.get('description', '')}{_default(told)}\n"
            for key, told in own_options(form).items()
        ]
        yield "\n" + "".join(options) if options else ""


def description(form: Format[Any]) -> str:
    """Return what a format says of itself, on one line."""
    return " ".join((inspect.getdoc(type(form)) or "").split())


def own_options(form: Format[Any]) -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each option of a format that others do not have, too."""
    shared = Format.Options.model_fields
    found = form.Options.model_json_schema().get("properties", {})
    return {key: told for key, told in found.items() if key not in shared}


def _default(told: dict[str, Any]) -> str:
    return f" Default: {told['default']}." if "default" in told else ""
