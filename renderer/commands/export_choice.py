"""What the command line says of an export: its format, options and split."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from renderer.commands.terminal import stop

# Options of the command itself, which may not be given as a format's.
_OWN = ("split", "by")


def chosen(name: str, options: list[str], split: str | None, by: str | None) -> BaseModel:
    """Return a format and its options as they were given on the command line, or stop."""
    from renderer.recipe.exports import EXPORT_KEY, OPTIONS
    from renderer.recipe.problem import sentences

    said: dict[str, Any] = {EXPORT_KEY: name}
    for each in options:
        key, equals, value = each.partition("=")
        if not equals or not key:
            stop(f"--option {each}: write key=value")
        if key in said or key in _OWN:
            stop(f"--option {key}: it is given twice, or has an option of its own")
        said[key] = _value(key, value)
    said |= {} if split is None else {"split": _shares(split)}
    said |= {} if by is None else {"by": by}
    try:
        return OPTIONS.validate(said)
    except ValidationError as error:
        models = OPTIONS.models_at(said)
        known = [key for model in models for key in model.model_fields]
        known = [key for key in known if key not in (EXPORT_KEY, *_OWN)]
        stop(
            "; ".join(f"--{_option(key)}: {sentence}" for key, sentence in sentences(error, known))
        )


def _option(key: str) -> str:
    from renderer.recipe.exports import EXPORT_KEY

    first, dot, rest = key.partition(".")
    return f"{first}{' ' if dot else ''}{rest}" if first in (EXPORT_KEY, *_OWN) else f"option {key}"


def _shares(text: str) -> dict[str, float | str]:
    """Return ``train=0.8,val=0.2`` as a recipe would have it."""
    found: dict[str, float | str] = {}
    for each in text.split(","):
        name, equals, share = (part.strip() for part in each.partition("="))
        if not equals:
            stop(f"--split {text}: write each side with its share: train=0.8,val=0.1,test=0.1")
        if name in found:
            stop(f"--split {text}: the side {name} is given twice")
        try:
            found[name] = float(share)
        except ValueError:
            found[name] = share
    return found


def _value(key: str, text: str) -> Any:
    """Return a value that is written as in a recipe, or as text what YAML takes for signs."""
    from renderer.recipe.source import SourceError, parse

    try:
        source = parse(text)
    except SourceError:
        return text
    if source.data == "" and text.strip("'\""):
        return text
    for sentence in source.traps.values():
        stop(f"--option {key}: {sentence}")
    return source.data
