"""The ``labels`` of a recipe: a key for each label kind that is registered."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.errors import UnavailableError
from renderer.registry import LABEL_KINDS
from renderer.values.distribution import Strict


class ChosenLabels(Strict):
    """Which labels are written: each kind is true, false or a mapping of its options."""

    @property
    def on(self) -> dict[str, Any]:
        """The options of each kind that is on, in the registry's order."""
        return {
            name: options
            for name in type(self).model_fields
            if (options := getattr(self, name)) is not False
        }

    @model_validator(mode="after")
    def _have_what_they_need(self) -> Self:
        on = self.on
        for name in on:
            for other in LABEL_KINDS.get(name).needs:
                if other not in on:
                    key = name if name in self.model_fields_set else other
                    sentence = (
                        f"{name} labels need {other} labels: write {other}: true, or {name}: false"
                    )
                    raise _located((key,), key == name, sentence)
        return self

    @model_validator(mode="after")
    def _write_each_thing_once(self) -> Self:
        """Refuse two kinds of which one would write over what the other says."""
        owners: dict[tuple[str, str], str] = {}
        for name in self.on:
            kind = LABEL_KINDS.get(name)
            for what, keys in (
                ("field", [*kind.ObjectFields.model_fields, *kind.ImageFields.model_fields]),
                ("file", kind.files),
            ):
                for key in keys:
                    if (owner := owners.setdefault((what, key), name)) != name:
                        both = f"{owner} and {name} labels both have a {what} {key}"
                        raise _located((name,), True, f"{both}: leave one off")
        return self

    @model_serializer(mode="wrap")
    def _without_those_that_are_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave them out where they need not be said: a recipe is the same one where more kinds are
        installed.
        """
        return {
            name: options
            for name, options in dump(self).items()
            if options is not False or LABEL_KINDS.get(name).default
        }


def must_need_no_rig(on: Iterable[str]) -> None:
    """Refuse label kinds that lead from one view to another in a recipe whose shots have one.

    Raises:
        ValidationError: there is one, with its place in the recipe.

    """
    for name in on:
        if LABEL_KINDS.get(name).needs_rig:
            sentence = (
                f"{name} labels lead from one view of a shot to another, and here each shot has "
                "one: give it more by camera.rig, or leave them out"
            )
            raise _located(("labels", name), True, sentence)


def _located(place: tuple[str, ...], value: Any, sentence: str) -> ValidationError:
    """Return what to raise for one key."""
    error = PydanticCustomError("labels", "{sentence}", {"sentence": sentence})
    return ValidationError.from_exception_data(
        "labels", [InitErrorDetails(type=error, loc=place, input=value)]
    )


def _options(value: Any) -> Any:
    """Return the options of a kind where it is merely on."""
    if value is True:
        return {}
    if value is False or isinstance(value, dict | BaseModel):
        return value
    raise PydanticCustomError("on_or_off", "must be true, false or a mapping of options")


def _tag(value: Any) -> str:
    return "off" if value is False else "options"


def _field(name: str) -> tuple[Any, Any]:
    """Return type and default of a kind's key. Of one that cannot be loaded only recipes that write
    it fail, with its place.
    """
    try:
        kind = LABEL_KINDS.get(name)
    except UnavailableError as error:
        return Annotated[Any, _refusing(str(error))], Field(default_factory=lambda: False)
    options: Any = kind.Config
    on_or_off = Annotated[
        Annotated[options, Tag("options")] | Annotated[Literal[False], Tag("off")],
        Discriminator(_tag),
        BeforeValidator(_options, json_schema_input_type=options | bool),
    ]
    described = inspect.cleandoc(type(kind).__doc__ or "").partition("\n\n")[0]
    told = " ".join(described.split())
    return on_or_off, Field(options() if kind.default else False, description=told)


def _refusing(sentence: str) -> BeforeValidator:
    def refuse(_: Any) -> Any:
        raise PydanticCustomError("unavailable", "{sentence}", {"sentence": sentence})

    return BeforeValidator(refuse)


if TYPE_CHECKING:
    Labels = ChosenLabels
else:
    Labels = create_model(
        "Labels",
        __base__=ChosenLabels,
        __doc__=ChosenLabels.__doc__,
        **{name: _field(name) for name in LABEL_KINDS.names()},
    )
