"""``output.exports``: the other formats that a dataset is written in when it is finished."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, SerializeAsAny, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.recipe.extension import OptionsOf
from renderer.registry import FORMATS

EXPORT_KEY = "format"
OPTIONS = OptionsOf(FORMATS, EXPORT_KEY)
Export = Annotated[SerializeAsAny[BaseModel], OPTIONS]


def format_of(choice: BaseModel) -> str:
    """Return the name of the format that an export is of."""
    return str(getattr(choice, EXPORT_KEY))


def _once_each(exports: tuple[Export, ...]) -> tuple[Export, ...]:
    names = [format_of(each) for each in exports]
    for at, name in enumerate(names):
        if name in names[:at]:
            raise PydanticCustomError(
                "twice",
                "the format {name} stands twice, and both would be written to exports/{name}",
                {"name": name},
            )
    return exports


Exports = Annotated[tuple[Export, ...], AfterValidator(_once_each)]


def must_have_labels(exports: Iterable[Export], kinds: Collection[str]) -> None:
    """Make sure that the labels which exports need are among those of the recipe.

    Raises:
        ValidationError: they are not; it tells where in the recipe the export stands.

    """
    for at, export in enumerate(exports):
        name = format_of(export)
        for kind in FORMATS.get(name).needs:
            if kind not in kinds:
                error = PydanticCustomError(
                    "labels",
                    "needs {kind} labels: write labels: {{kind}: true}, or leave it out",
                    {"kind": kind},
                )
                place = ("output", "exports", at, EXPORT_KEY)
                detail = InitErrorDetails(type=error, loc=place, input=name)
                raise ValidationError.from_exception_data("exports", [detail])


def export_of(said: dict[str, Any]) -> BaseModel:
    """Return the options of an export that is given as a mapping with its format.

    Raises:
        ValidationError: there is no such format, or it has no such option or value.
        UnavailableError: the format's package cannot be loaded.

    """
    return OPTIONS.validate(said)
