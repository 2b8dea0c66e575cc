"""What writers take from records, once it is known to be what a reader will understand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.geometry.crop import Box, Mask
from renderer.truth.kinds.box import BoxFields


def category_name(record: AnnotationRecord, categories: Mapping[int, str]) -> str:
    """Return the name of an annotation's category.

    Raises:
        DatasetError: there is no such category.

    """
    if record.category_id not in categories:
        raise DatasetError(f"annotation {record.id} has the unknown category {record.category_id}")
    return categories[record.category_id]


def seen_box(record: AnnotationRecord, image: ImageRecord) -> Box:
    """Return (left, top, width, height) in pixels of what is seen of an object.

    Raises:
        DatasetError: it is empty, or reaches beyond the picture.

    """
    assert isinstance(record, BoxFields)  # the format needs that kind
    x, y, w, h = record.bbox
    inside = x >= 0 and y >= 0 and x + w <= image.width and y + h <= image.height
    if not (w > 0 and h > 0 and inside):
        raise DatasetError(
            f"annotation {record.id} has a box that is not in its picture of "
            f"{image.width}x{image.height} pixels ({x:g}, {y:g}, {w:g}, {h:g}): orbitset dataset "
            "validate tells more"
        )
    return x, y, w, h


def seen_mask(record: AnnotationRecord, image: ImageRecord) -> Mask:
    """Return the mask (height, width) of what is seen of an object.

    Raises:
        DatasetError: there is none, or it is not of the picture's size.

    """
    from renderer.truth.mask import to_mask

    try:
        return to_mask(record["segmentation"], image.height, image.width)
    except (KeyError, ValueError) as error:
        raise DatasetError(f"annotation {record.id} has no mask of its picture: {error}") from None


def one_line_names(categories: Mapping[int, str], file: str) -> str:
    """Return the names of categories, each on a line of a text file.

    Raises:
        DatasetError: a name would be read back as another, or as several.

    """
    for name in categories.values():
        if name.splitlines() != [name.strip()]:
            raise DatasetError(
                f"the category {name[:80]!r} cannot stand on a line of {file}: it is empty, has a "
                "line break, or begins or ends with a space"
            )
    return "".join(f"{name}\n" for name in categories.values())


def told(counts: Mapping[str, int], sentences: Iterable[str]) -> tuple[str, ...]:
    """Return those sentences that have a count, each with it."""
    return tuple(f"{each}: {counts[each]}" for each in sentences if counts[each])
