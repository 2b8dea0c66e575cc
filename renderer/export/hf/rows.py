"""The rows of the table that a dataset becomes: one an image, with its objects column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import PICTURE, records_of
from renderer.export.format import DatasetHead
from renderer.export.hf.columns import (
    Classes,
    Column,
    FileContent,
    JsonText,
    Listed,
    Mask,
    Nullable,
    Scalar,
    Struct,
    TextOrEmpty,
    columns_of,
)
from renderer.export.sample import Sample, SampleFile
from renderer.registry import LABEL_KINDS
from renderer.truth.mask import encode_rle, to_mask

# What Pillow opens and does not shorten; of PNG that is to be seen from the file.
_PLAIN_SUFFIXES = (".jpg", ".jpeg", ".webp")
_PNG_DEPTH, _PNG_COLOUR, _PNG_GREY = 24, 25, 0


@dataclass(frozen=True)
class Table:
    """The columns of a dataset.

    Attributes:
        image: those of an image, beside its files.
        objects: those of its objects.
        files: by name, those of its files but the picture.
        places: category id → its place among all, from 0.
        names: of the categories, in the order of their places.

    """

    image: Mapping[str, Column]
    objects: Mapping[str, Column]
    files: Mapping[str, FileContent]
    places: Mapping[int, int]
    names: tuple[str, ...]

    def image_values(self, sample: Sample) -> dict[str, Any]:
        """Return what is said of an image, by column."""
        record = {**sample.image.model_dump(mode="json"), "image_id": sample.image.id}
        return {key: column.value(record[key]) for key, column in self.image.items()}

    def object_values(self, sample: Sample) -> dict[str, list[Any]]:
        """Return what is said of an image's objects: by column, a value an object.

        Raises:
            DatasetError: an object has an unknown category, or a mask that cannot be decoded.

        """
        records = [self._object(sample, record) for record in sample.annotations]
        return {
            key: [column.value(record[key]) for record in records]
            for key, column in self.objects.items()
        }

    def _object(self, sample: Sample, annotation: Any) -> dict[str, Any]:
        record = annotation.model_dump(mode="json")
        place = self.places.get(annotation.category_id)
        if place is None:
            raise DatasetError(
                f"annotation {annotation.id} has the unknown category {annotation.category_id}"
            )
        for key, column in self.objects.items():
            if isinstance(column, Mask) and isinstance(record[key], list):
                record[key] = _run_lengths(sample, annotation.id, record[key])
        return {**record, "category": place, "category_name": self.names[place]}

    def files_of(self, sample: Sample) -> Iterator[tuple[str, FileContent, SampleFile | None]]:
        """Yield each file's name and column, and the file, or None where the image has none.

        Raises:
            DatasetError: the image has a file that no column is for.

        """
        unknown = sample.files.keys() - self.files.keys() - {PICTURE}
        if unknown:
            raise DatasetError(
                f"image {sample.image.id} has a file {min(unknown)!r}, which the first image has "
                "not, nor a label kind of the dataset: a table has one set of columns"
            )
        for name, column in self.files.items():
            yield name, column, sample.files.get(name)

    def for_guessing(self) -> Table:
        """Return the table for a reader that takes types from the first rows of each split: what
        may be empty or missing there is a text of JSON. Objects stay as they are.
        """
        return replace(self, image={key: _certain(column) for key, column in self.image.items()})


def table_of(head: DatasetHead, first: Sample | None) -> Table:
    """Return the columns of a dataset, of which the first image is known."""
    records = records_of(head.kinds)
    image = columns_of(records.image.model_json_schema())
    objects = columns_of(records.annotation.model_json_schema())
    names = tuple(head.categories.values())
    own = {"image_id": image.pop("id")}
    for key in ("file_name", "files"):
        del image[key]
    del objects["image_id"]
    files = {
        name: FileContent(picture=False)
        for kind in head.kinds
        if kind in LABEL_KINDS.names()
        for name in LABEL_KINDS.get(kind).files
    }
    for name, file in first.files.items() if first else ():
        files[name] = FileContent(_opens_whole(file))
    files.pop(PICTURE, None)
    return Table(
        image={**own, **image},
        objects={**objects, "category": Classes(names), "category_name": Scalar("string")},
        files=files,
        places={number: at for at, number in enumerate(head.categories)},
        names=names,
    )


def _run_lengths(sample: Sample, number: int, polygons: list[Any]) -> Any:
    try:
        return encode_rle(to_mask(polygons, sample.image.height, sample.image.width))
    except ValueError as error:
        raise DatasetError(
            f"annotation {number} has a mask that cannot be decoded ({error})"
        ) from None


def _opens_whole(file: SampleFile) -> bool:
    """Tell whether Pillow gives all of a file: of colours of 16 bits it drops the lower 8."""
    if file.suffix.lower() != ".png":
        return file.suffix.lower() in _PLAIN_SUFFIXES
    header = file.read()[: _PNG_COLOUR + 1]
    return len(header) > _PNG_COLOUR and (
        header[_PNG_DEPTH] <= 8 or header[_PNG_COLOUR] == _PNG_GREY
    )


def _certain(column: Column) -> Column:
    """Return a column whose type any value tells."""
    if isinstance(column, Struct):
        return type(column)({key: _certain(each) for key, each in column.fields.items()})
    if isinstance(column, Listed) and column.length:
        inner = _certain(column.of)
        return JsonText() if isinstance(inner, JsonText) else Listed(inner, column.length)
    if column == Nullable(Scalar("string")):
        return TextOrEmpty()
    return JsonText() if isinstance(column, Listed | Nullable) else column
