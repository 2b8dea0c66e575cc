"""Values that name an extension of a registry and say its options: ``{format: yolo, ...}``."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import (
    BaseModel,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticKnownError, core_schema

from renderer.registry import Registry


class OptionsOf:
    """Marks a field whose value is the ``Options`` of one extension, told apart by a key.

    Extensions are loaded when a value is validated, and not when a recipe's model is made: they may
    be of other packages, and import whatever they like, recipes included.
    """

    def __init__(self, registry: Registry[Any], key: str) -> None:
        """Take options of the extensions of ``registry``, whose name stands under ``key``."""
        self._registry, self._key = registry, key
        self.model_of = cache(self._model)

    def _model(self, name: str) -> type[BaseModel]:
        """Return the model of one extension's options with its name among them."""
        options: type[BaseModel] = self._registry.get(name).Options
        told: Any = (Literal[name], Field(description=f"The {self._registry.what} that is meant."))
        return create_model(f"{name}_{self._key}", __base__=options, **{self._key: told})

    def models_at(self, value: Any) -> list[type[BaseModel]]:
        """Return the models whose keys a value may have."""
        name = value.get(self._key) if isinstance(value, dict) else None
        return [self.model_of(name)] if name in self._registry.names() else []

    def validate(self, value: Any) -> BaseModel:
        """Return the options that a value says.

        Raises:
            ValidationError: it names no extension, or says what that does not know.
            UnavailableError: the extension's package cannot be loaded.

        """
        if isinstance(value, BaseModel):
            return value
        if not isinstance(value, dict):
            raise PydanticKnownError("model_type", {"class_name": self._key})
        if models := self.models_at(value):
            return models[0].model_validate(value)
        if self._key not in value:
            raise _error("missing", self._key, value)
        known = " or ".join(f"'{name}'" for name in self._registry.names())
        raise _error("literal_error", self._key, value[self._key], expected=known)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Validate with ``validate``."""
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return one schema an extension."""
        models = {
            name: self.model_of(name).__pydantic_core_schema__ for name in self._registry.names()
        }
        return handler(core_schema.tagged_union_schema(models, self._key))


def _error(kind: str, key: str, value: Any, **context: Any) -> ValidationError:
    detail = InitErrorDetails(type=kind, loc=(key,), input=value, ctx=context)
    return ValidationError.from_exception_data(key, [detail])
