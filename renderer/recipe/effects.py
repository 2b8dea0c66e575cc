"""The ``effects`` of a recipe: a key for each effect that is registered."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
    model_serializer,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.errors import UnavailableError
from renderer.registry import EFFECTS
from renderer.shot.engines import EngineName, capabilities
from renderer.values.distribution import Strict


class ChosenEffects(Strict):
    """Effects, each off where its key is not written, or false: so one of a camera's preset."""

    @property
    def on(self) -> dict[str, Strict]:
        """What is said of each effect that is on, in the registry's order."""
        return {
            name: config
            for name in type(self).model_fields
            if (config := getattr(self, name)) is not None and config is not False
        }

    @property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """The categories that the objects of each effect that is on have."""
        return {name: EFFECTS.get(name).categories(config) for name, config in self.on.items()}

    @model_serializer(mode="wrap")
    def _without_those_that_are_off(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave them out: a recipe is the same one where more effects are installed. Those that
        are false stay so, as a preset may have them on.
        """
        off = [name for name in type(self).model_fields if getattr(self, name) is False]
        plain = self.model_copy(update=dict.fromkeys(off)) if off else self
        said = {name: config for name, config in dump(plain).items() if config is not None}
        return said | dict.fromkeys(off, False)


def must_have_own_categories(recipe: Recipe) -> None:
    """Make sure that nothing which an effect adds is labelled as one of the objects.

    Raises:
        ValidationError: it is; it tells where in the recipe.

    """
    theirs = {spec.category for spec in recipe.objects}
    for name, categories in recipe.effects.categories.items():
        for each in categories:
            if each in theirs:
                sentence = f"adds objects of the category {each!r}, which one of `objects` has"
                error = PydanticCustomError("category", "{sentence}", {"sentence": sentence})
                place = InitErrorDetails(type=error, loc=("effects", name), input=each)
                raise ValidationError.from_exception_data("effects", [place])


def must_be_rendered(effects: ChosenEffects, engine: EngineName) -> None:
    """Refuse effects that need a camera of the engine that it does not have.

    Raises:
        ValidationError: one of them does; it tells where in the recipe.

    """
    for name in effects.on:
        needed = EFFECTS.get(name).needs
        lacking = [each for each in needed if each not in capabilities(engine).camera]
        if lacking:
            error = PydanticCustomError(
                "engine",
                "needs a camera with a {lacking}, and that of {engine} has none: choose another "
                "render.engine, or leave the effect out",
                {"lacking": " and a ".join(lacking), "engine": engine},
            )
            detail = InitErrorDetails(type=error, loc=("effects", name), input=True)
            raise ValidationError.from_exception_data("effects", [detail])


def _field(name: str) -> tuple[Any, Any]:
    """Return type and default of an effect's key. Of one that cannot be loaded only recipes that
    write it fail, with its place.
    """
    try:
        effect = EFFECTS.get(name)
    except UnavailableError as error:
        return Annotated[Any, _refusing(str(error))], Field(default_factory=lambda: None)
    described = inspect.cleandoc(type(effect).__doc__ or "").partition("\n\n")[0]
    told = " ".join(described.split())
    written: Any = effect.Config | Literal[False]
    off = WrapValidator(_or_off, json_schema_input_type=written)
    # No default of null in the schema: written out, it is no value.
    return Annotated[effect.Config, off], Field(default_factory=lambda: None, description=told)


def _or_off(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    return False if value is False else validate(value)


def _refusing(sentence: str) -> BeforeValidator:
    def refuse(_: Any) -> Any:
        raise PydanticCustomError("unavailable", "{sentence}", {"sentence": sentence})

    return BeforeValidator(refuse)


if TYPE_CHECKING:
    from renderer.recipe.model import Recipe

    Effects = ChosenEffects
else:
    Effects = create_model(
        "Effects",
        __base__=ChosenEffects,
        __doc__=ChosenEffects.__doc__,
        **{name: _field(name) for name in EFFECTS.names()},
    )
