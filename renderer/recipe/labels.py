"""``labels``: which kinds are written, and how; a key for each kind that the registry has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from renderer.registry import LABEL_KINDS
from renderer.values.distribution import Strict

_MOVED = (
    "masks have options of their own: write mask: {{segmentation: {value}}}, "
    "amodal: {{segmentation: {value}}}"
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


class _Kinds(Strict):
    """Which labels are written, and how: each kind is true, false or a mapping of its options."""

    @property
    def on(self) -> dict[str, Any]:
        """The kinds that are on, by name in the registry's order, with the options of each."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: options for name, options in found.items() if options is not False}

    @model_validator(mode="before")
    @classmethod
    def _has_moved(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("segmentation") in ("rle", "polygon"):
            value = value["segmentation"]
            raise _located("segmentation", value, _MOVED.format(value=value))
        return value

    @model_validator(mode="after")
    def _have_what_they_need(self) -> Self:
        on = self.on
        for name in on:
            for other in LABEL_KINDS.get(name).needs:
                if other not in on:
                    asked = name if name in self.model_fields_set else other
                    raise _located(
                        asked,
                        asked == name,
                        f"{name} labels need {other} labels: write {other}: true, or {name}: false",
                    )
        return self


def _located(key: str, value: Any, sentence: str) -> ValidationError:
    """Return what to raise for one key of ``labels``."""
    error = PydanticCustomError("labels", "{sentence}", {"sentence": sentence})
    return ValidationError.from_exception_data(
        "labels", [InitErrorDetails(type=error, loc=(key,), input=value)]
    )


def _fields() -> dict[str, Any]:
    fields = {}
    for name, kind in LABEL_KINDS.all().items():
        options: Any = kind.Config
        on_or_off = Annotated[
            Annotated[options, Tag("options")] | Annotated[Literal[False], Tag("off")],
            Discriminator(_tag),
            BeforeValidator(_options, json_schema_input_type=options | bool),
        ]
        default = options() if kind.default else False
        summary = (kind.__doc__ or "").strip().partition("\n")[0]
        fields[name] = (on_or_off, Field(default, description=summary or None))
    return fields


if TYPE_CHECKING:
    Labels = _Kinds
else:
    Labels = create_model("Labels", __base__=_Kinds, __module__=__name__, **_fields())
