"""The records of a dataset: what is said of each image, object and category.

A record has a core and the fields of the label kinds that the dataset has. Writer, reader, JSON
Schema and ``docs/records.md`` follow from these models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationInfo, create_model, field_validator
from pydantic_core import PydanticCustomError

from renderer.asset.keypoints import KeypointSet
from renderer.dataset.stored_model import PathBelow, StoredModel
from renderer.geometry.distortion import Distortion
from renderer.registry import LABEL_KINDS
from renderer.truth.kind import LabelKind
from renderer.values.bounded import Count, Matrix3x3, Matrix4x4, Number, Side, Whole

PICTURE = "picture"


class CategoryRecord(StoredModel):
    """A category of objects."""

    id: Whole = Field(description="From 1, in the order in which the recipe names them.")
    name: str = Field(description="As the recipe has it.")
    supercategory: str = Field("", description="COCO's; empty.")
    keypoints: tuple[str, ...] | None = Field(
        None, description="COCO's: the names of its points, where it has some."
    )
    skeleton: tuple[tuple[Whole, Whole], ...] | None = Field(
        None, description="COCO's: pairs of points that a line joins, counted from 1."
    )
    flip_idx: tuple[Count, ...] | None = Field(
        None,
        description="For each point which one it becomes in a mirrored picture, counted from 0.",
    )

    @staticmethod
    def of(number: int, name: str, points: KeypointSet | None = None) -> CategoryRecord:
        """Return the record of a category, with its points where it has some."""
        if points is None:
            return CategoryRecord(id=number, name=name)
        return CategoryRecord(
            id=number,
            name=name,
            keypoints=points.names,
            skeleton=tuple((a + 1, b + 1) for a, b in points.skeleton),
            flip_idx=points.flips,
        )

    @property
    def points(self) -> KeypointSet | None:
        """Its points; None where it has none."""
        if self.keypoints is None:
            return None
        return KeypointSet(
            names=self.keypoints,
            skeleton=tuple((a - 1, b - 1) for a, b in self.skeleton or ()),
            flips=self.flip_idx or tuple(range(len(self.keypoints))),
        )

    @field_validator("skeleton")
    @classmethod
    def _joins_points(cls, pairs: Any, info: ValidationInfo) -> Any:
        count = len(info.data.get("keypoints") or ())
        if any(not 1 <= end <= count for pair in pairs or () for end in pair):
            raise PydanticCustomError("skeleton", "Input should join its keypoints")
        return pairs

    @field_validator("flip_idx")
    @classmethod
    def _has_each_point_once(cls, flips: Any, info: ValidationInfo) -> Any:
        count = len(info.data.get("keypoints") or ())
        if flips is not None and sorted(flips) != list(range(count)):
            raise PydanticCustomError("flips", "Input should have each of its keypoints once")
        return flips


class CameraRecord(StoredModel):
    """The camera of an image, in OpenCV's axes: x right, y down, z forward."""

    K: Matrix3x3 = Field(
        description="Intrinsics in pixels; pixel centres lie at integer + 0.5.",
    )
    world_to_camera: Matrix4x4 = Field(
        description="Takes world coordinates (metres, Z up) to the camera's."
    )
    distortion: Distortion | None = Field(
        description="The lens's distortion in OpenCV's order; null for a pinhole."
    )


class FileRecord(StoredModel):
    """A file of an image."""

    path: PathBelow = Field(description="Below the dataset's folder.")
    blake2b: str = Field(description="BLAKE2b-128 of its bytes, as hexadecimal digits.")


def _with_picture(files: dict[str, FileRecord]) -> dict[str, FileRecord]:
    if PICTURE not in files:
        raise PydanticCustomError("no_picture", "Input should have a picture")
    return files


class ImageRecord(StoredModel):
    """The core of an image's record."""

    id: Count = Field(
        description="(shot * views + number of the view) * variants + variant + 1, by which images "
        "of one shot follow each other."
    )
    file_name: PathBelow = Field(description="The picture's path below the dataset's folder.")
    width: Side = Field(description="In pixels.")
    height: Side = Field(description="In pixels.")
    camera: CameraRecord = Field(description="What it is seen with.")
    shot: Count = Field(description="The index of its scene in shots.jsonl, from 0.")
    view: str = Field(description="The name of its camera among those of the shot.")
    variant: Count = Field(description="Which light and development of the shot it has, from 0.")
    views: dict[str, Count] = Field(
        description="The id of the image of each view of the same shot and variant, by the view's "
        "name; empty where a shot has one view."
    )
    scenario: str | None = Field(None, description="The recipe's scenario that it is of.")
    group: str | None = Field(None, description="What it must not be parted from in splits.")
    azimuth_deg: Number = Field(description="The camera's, about the subject.")
    elevation_deg: Annotated[Number, Field(ge=-90, le=90)] = Field(
        description="The camera's, above the subject."
    )
    brightness: Number = Field(description="The picture's mean luma, from 0 to 1.")
    files: Annotated[dict[str, FileRecord], AfterValidator(_with_picture)] = Field(
        description="The picture, and what label kinds have written for the image, by name."
    )
    dropped: dict[str, Count] = Field(
        default_factory=dict,
        description="How many objects of which category have no annotation because they show less "
        "than the recipe's labels ask for.",
    )
    warnings: tuple[str, ...] = Field(
        (), description="What is to be known of the image, each a sentence."
    )


class LabelRecord(StoredModel):
    """The core of what is said of an object that an image shows."""

    category_id: Whole = Field(description="The id of its category.")
    iscrowd: Whole = Field(
        description="COCO's: 1 for an object that is to be ignored (`labels.below`), else 0."
    )
    instance: Whole = Field(description="The object's number in its shot, from 1.")
    asset: str = Field(description="The model's file as the recipe names it.")


class _Numbered(StoredModel):
    id: Count = Field(description="From 1, in the order of images.")
    image_id: Count = Field(description="The id of its image.")


class AnnotationRecord(LabelRecord, _Numbered):
    """The core of an annotation: a label with its place in the dataset."""


@dataclass(frozen=True)
class Records:
    """The models of one dataset's records.

    Attributes:
        image: core and fields of images.
        label: core and fields of objects, before they have ids.
        annotation: core and fields of annotations.
        unknown: label kinds that this installation lacks; their fields are left as they are.

    """

    image: type[ImageRecord]
    label: type[LabelRecord]
    annotation: type[AnnotationRecord]
    unknown: tuple[str, ...]


def records_of(kinds: Iterable[str]) -> Records:
    """Return the models of a dataset that has some label kinds; each model is also a subclass of
    its kinds' fields, so that ``isinstance(annotation, BoxFields)`` tells whether there are boxes.

    Raises:
        UnavailableError: another package's kind cannot be loaded.

    """
    names, installed = tuple(kinds), LABEL_KINDS.names()
    known = tuple(LABEL_KINDS.get(name) for name in names if name in installed)
    return _records_of(known, tuple(name for name in names if name not in installed))


@lru_cache(maxsize=16)  # to make a model takes milliseconds
def _records_of(known: tuple[LabelKind, ...], unknown: tuple[str, ...]) -> Records:
    label = _joined("Label", [kind.ObjectFields for kind in known], LabelRecord)
    return Records(
        image=_joined("Image", [kind.ImageFields for kind in known], ImageRecord),
        label=label,
        annotation=_joined("Annotation", [label], AnnotationRecord),
        unknown=unknown,
    )


def _joined(name: str, fields: Sequence[type], core: type[StoredModel]) -> Any:
    """Return a model with the fields of a core, and of others behind it."""
    bases: Any = tuple(dict.fromkeys([*reversed(fields), core]))  # those of later bases come first
    return create_model(name, __base__=bases, __doc__=core.__doc__)
