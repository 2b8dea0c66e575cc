"""What ``export.json`` says of an export, beside its options: figures, and what got lost."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from renderer import __version__
from renderer.dataset.layout import DatasetError
from renderer.export.format import DatasetHead, Format, Summary
from renderer.export.given import Given
from renderer.recipe.exports import EXPORT_KEY


def facts_of(
    form: Format[Any], choice: BaseModel, head: DatasetHead, given: Given, summary: Summary
) -> dict[str, Any]:
    """Return the facts of an export, once it is written.

    Raises:
        DatasetError: the format did not write every image that it was given.

    """
    if summary.images != given.images.total():
        raise DatasetError(
            f"the format {form.name} wrote {summary.images} images, and was given "
            f"{given.images.total()}"
        )
    return {
        "format": form.name,
        "orbitset": __version__,
        "dataset": head.name,
        "options": choice.model_dump(mode="json", exclude={EXPORT_KEY}),
        "images": summary.images,
        "annotations": summary.annotations,
        "categories": {str(number): name for number, name in head.categories.items()},
        "objects": {str(number): given.objects[number] for number in sorted(given.objects)},
        "splits": {
            name: {
                "share": share,
                "images": given.images[name],
                "annotations": given.annotations[name],
            }
            for name, share in (getattr(choice, "split", None) or {}).items()
        },
        "left_out": [
            *_labels(form, head),
            *given.left_out,
            *_empty(head, given),
            *summary.left_out,
        ],
    }


def _labels(form: Format[Any], head: DatasetHead) -> list[str]:
    """Return what is to be said of label kinds that the dataset has."""
    carried = head.kinds if form.carries is None else form.carries
    lost = [kind for kind in head.kinds if kind not in carried]
    whole = [f"labels that {form.name} does not carry: {', '.join(lost)}"] if lost else []
    return whole + [
        f"of {kind} labels: {form.partly[kind]}" for kind in head.kinds if kind in form.partly
    ]


def _empty(head: DatasetHead, given: Given) -> list[str]:
    """Return which sides got nothing: there are too few groups, or they hang together."""
    return [
        f"images of the side {name}: there was nothing left that is on no other"
        for name in head.splits
        if not given.images[name]
    ]
