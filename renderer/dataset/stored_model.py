"""What the files of a dataset hold, as models; and one sentence where a file holds something else.

A dataset may come from anywhere: keys that no model knows are kept as they are, and those that one
knows have its type, or the file is damaged.
"""

from __future__ import annotations

import contextlib
import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError, to_json

from renderer import __version__
from renderer.dataset.json_text import loads
from renderer.dataset.layout import is_path_below
from renderer.errors import UserError

_SUBJECT = re.compile(r"^\w+ should ")


class StoredModel(BaseModel):
    """Base of what stands in a dataset's files."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    def __getitem__(self, key: str) -> Any:
        """Return the value of a key by its name in the file; keys that no model knows have one,
        too.

        Raises:
            KeyError: it has no such key.

        """
        fields = self.__dict__  # of the model, and nothing else
        return fields[key] if key in fields else (self.__pydantic_extra__ or {})[key]

    def __contains__(self, key: object) -> bool:
        """Tell whether it has a key."""
        return key in self.__dict__ or key in (self.__pydantic_extra__ or {})

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return the value of a key, or of one that it has not a default."""
        return self[key] if key in self else default  # noqa: SIM401


AnyStoredModel = TypeVar("AnyStoredModel", bound=StoredModel)


class ContentError(UserError):
    """A value is not as its model says; the message follows its name in a sentence."""


def read_value(model: type[AnyStoredModel], value: Any) -> AnyStoredModel:
    """Return what a value read from JSON is by its model.

    Raises:
        ContentError: it is something else; the first key that is missing or wrong is named.

    """
    try:
        # By the rules of JSON, where a list may be a tuple; still quicker than Python code.
        return model.model_validate_json(to_json(value))
    except ValidationError as error:
        raise ContentError(_sentence(error.errors(include_url=False)[0])) from None


def read_json(model: type[AnyStoredModel], content: bytes) -> AnyStoredModel:
    """Return what a file of JSON holds.

    Raises:
        ContentError: it is no JSON, or something else than the model; the message follows "is
            damaged:".

    """
    try:
        return read_value(model, loads(content))
    except ContentError as error:
        raise ContentError(f"it {error}") from None
    except ValueError as error:
        raise ContentError(str(error)) from None


def unlike(content: bytes, error: ContentError) -> str:
    """Return what to say of a file that is not as its model says, to follow its name: that it is
    damaged, or that another version of orbitset has written it.
    """
    with contextlib.suppress(ValueError, AttributeError):
        said = loads(content)
        version = said.get("orbitset", said.get("head", {}).get("orbitset"))
        if isinstance(version, str) and version != __version__:
            return of_another_version(version)
    return f"is damaged: {error}"


def of_another_version(version: str) -> str:
    """Return what to say of a file that another version of orbitset has written, to follow its
    name.
    """
    return (
        f"is of orbitset {version[:20]}, whose files orbitset {__version__} does not read: "
        "use that version with it, or choose a new folder"
    )


def _sentence(error: ErrorDetails) -> str:
    key = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error["loc"]
    ).removeprefix(".")
    if error["type"] == "missing":
        return f"lacks {key}"
    if not key:
        return "is no object"
    message = _SUBJECT.sub("it should ", error["msg"]).replace(" after validation", "")
    return f"has a wrong {key}: {message}"


def _below(name: str) -> str:
    if not is_path_below(name):
        raise PydanticCustomError(
            "path", "Input should be the path of a file below the dataset's folder"
        )
    return name


PathBelow = Annotated[str, AfterValidator(_below)]
"""The path of a file, relative to the dataset's folder, with forward slashes."""
