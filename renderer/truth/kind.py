"""What a label kind is: the fields, files and drawing of one sort of label, in one place."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Fields(BaseModel):
    """Base of what a kind adds to a record of the dataset."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoFields(Fields):
    """Nothing."""


class Config(BaseModel):
    """Base of what a recipe may say of a kind, under ``labels.<name>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class LabelFile:
    """One file that a kind writes for an image; its path is ``<kind>/<stem>.<suffix>``."""

    suffix: str
    content: bytes


@dataclass(frozen=True)
class Labels:
    """What a kind makes of one view.

    Attributes:
        objects: by instance, the fields of the annotation.
        image: the fields of the image.
        files: by name (``depth``), what is written beside the picture.

    """

    objects: Mapping[int, Fields] = field(default_factory=dict)
    image: Fields = field(default_factory=NoFields)
    files: Mapping[str, LabelFile] = field(default_factory=dict)


class LabelKind(ABC):
    """One sort of label.

    Attributes:
        name: its key in a recipe's ``labels`` and in the registry.
        default: whether it is on where a recipe does not name it.
        needs: kinds that have to be on, too.
        Config: what a recipe may say of it.
        ObjectFields: what it adds to an annotation.
        ImageFields: what it adds to an image.
        files: names of the files that it writes for each image.

    """

    name: ClassVar[str]
    default: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    Config: ClassVar[type[BaseModel]] = Config
    ObjectFields: ClassVar[type[Fields]] = NoFields
    ImageFields: ClassVar[type[Fields]] = NoFields
    files: ClassVar[tuple[str, ...]] = ()
