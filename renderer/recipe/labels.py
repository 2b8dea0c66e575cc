"""The ``labels`` of a recipe: a key for each label kind that is registered."""

from __future__ import annotations

import inspect
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
from renderer.recipe.label_policy import LabelPolicy
from renderer.registry import LABEL_KINDS


class ChosenLabels(LabelPolicy):
    """Which labels are written: each kind is true, false or a mapping of its options."""

    @property
    def policy(self) -> LabelPolicy:
        """What becomes of objects that show too little of themselves."""
        return LabelPolicy(**{key: getattr(self, key) for key in LabelPolicy.model_fields})

    @property
    def on(self) -> dict[str, Any]:
        """The options of each kind that is on, in the registry's order."""
        return {
            name: options
            for name in type(self).model_fields
            if name not in LabelPolicy.model_fields
            and (options := getattr(self, name)) is not False
        }

    @property
    def passes(self) -> tuple[str, ...]:
        """What the kinds that are on ask the engine for, beside the picture."""
        asked = [each for name in self.on for each in LABEL_KINDS.get(name).passes]
        return tuple(dict.fromkeys(asked))

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
    def _can_tell_visibility(self) -> Self:
        if self.min_visibility > 0 and "amodal" not in self.on:
            sentence = "min_visibility needs amodal labels: write amodal: true, or leave it out"
            raise _located(("min_visibility",), self.min_visibility, sentence)
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
        installed, or more may be asked for.
        """
        policy = LabelPolicy.model_fields
        return {
            name: value
            for name, value in dump(self).items()
            if (
                value != policy[name].default
                if name in policy
                else value is not False or LABEL_KINDS.get(name).default
            )
        }


def must_be_possible(recipe: Recipe) -> None:
    """Make sure that the labels which a recipe asks for go with the rest of it.

    Raises:
        ValidationError: they do not; it tells where in the recipe.

    """
    for name, options in recipe.labels.on.items():
        if sentence := LABEL_KINDS.get(name).refusal(options, recipe):
            raise _located(("labels", name), True, sentence)


def _located(place: tuple[str, ...], value: Any, sentence: str) -> ValidationError:
    """Return what to raise for one key, by its place in the recipe."""
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
    default = options if kind.default else lambda: False
    return on_or_off, Field(default_factory=default, description=told)


def _refusing(sentence: str) -> BeforeValidator:
    def refuse(_: Any) -> Any:
        raise PydanticCustomError("unavailable", "{sentence}", {"sentence": sentence})

    return BeforeValidator(refuse)


if TYPE_CHECKING:
    from renderer.recipe.model import Recipe

    Labels = ChosenLabels
else:
    Labels = create_model(
        "Labels",
        __base__=ChosenLabels,
        __doc__=ChosenLabels.__doc__,
        **{name: _field(name) for name in LABEL_KINDS.names()},
    )
