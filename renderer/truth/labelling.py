"""The labels of all kinds that are on, put together for one view and the images of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from renderer.errors import UserError
from renderer.recipe.label_policy import Fate, LabelPolicy
from renderer.registry import LABEL_KINDS
from renderer.truth.kind import LabelFile, LabelKind, Labels, NoFields
from renderer.truth.view import ViewTruth

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Labelled:
    """The labels of one view.

    Attributes:
        objects: by instance, in the order of the shot's objects, the fields of all kinds.
        image: the fields that all kinds add to an image.
        files: by name, the kind that a file is of and the file.
        warnings: what is to be known of the labels, each a sentence.
        dropped: instances of objects that have no label for showing too little.
        ignored: instances of objects whose label is to be ignored.

    """

    objects: Mapping[int, JsonObject]
    image: JsonObject
    files: Mapping[str, tuple[LabelKind, LabelFile]]
    warnings: tuple[str, ...]
    dropped: frozenset[int] = frozenset()
    ignored: frozenset[int] = frozenset()

    def paths(self, stem: str) -> Iterator[tuple[str, str, bytes]]:
        """Yield name, path below the dataset's folder and content of each file of an image.

        Args:
            stem: the name that the files of the image share.

        """
        for name, (kind, file) in self.files.items():
            folder = kind.name if len(kind.files) == 1 else f"{kind.name}/{name}"
            yield name, f"{folder}/{stem}.{file.suffix}", file.content


def label(truth: ViewTruth, on: Mapping[str, Any], policy: LabelPolicy | None = None) -> Labelled:
    """Return the labels of a view.

    Args:
        truth: the view.
        on: the kinds that are on, with what the recipe says of each.
        policy: what becomes of objects that show too little of themselves; None keeps all.

    """
    truth = truth if policy is None else _under(truth, policy)
    objects: dict[int, JsonObject] = {entry.instance: {} for entry in truth.labelled}
    image: JsonObject = {}
    files: dict[str, tuple[LabelKind, LabelFile]] = {}
    warnings: list[str] = []
    for name, config in on.items():
        kind: LabelKind = LABEL_KINDS.get(name)
        with LABEL_KINDS.calling(name):
            made: Labels = kind.make(truth, config)
            _check(kind, made, objects)
        for instance, record in objects.items():
            record.update(made.objects[instance].model_dump() if made.objects else {})
        image.update(made.image.model_dump())
        files.update({key: (kind, file) for key, file in made.files.items()})
        warnings.extend(made.warnings)
    return Labelled(objects, image, files, tuple(warnings), truth.dropped, truth.ignored)


def _under(truth: ViewTruth, policy: LabelPolicy) -> ViewTruth:
    """Return the truth of the same view with what a policy drops and ignores."""
    if not policy.asks:
        return truth
    fates: dict[Fate, set[int]] = {"drop": set(), "ignore": set(), "keep": set()}
    for entry in truth.shown:
        # To the digits of amodal labels, so that whoever reads them decides alike.
        visibility = round(truth.whole(entry).visibility, 6) if policy.min_visibility else 1.0
        fates[policy.fate(truth.visible(entry).area, visibility)].add(entry.instance)
    return truth.with_fates(fates["drop"], fates["ignore"])


def _check(kind: LabelKind, made: Labels, objects: Mapping[int, Any]) -> None:
    """Refuse of a kind what a dataset could not have. Raises UserError."""
    wanted = objects.keys() if kind.ObjectFields is not NoFields else made.objects.keys()
    fields = [(each, kind.ObjectFields) for each in made.objects.values()]
    if made.objects.keys() != wanted or not all(
        isinstance(*each) for each in [*fields, (made.image, kind.ImageFields)]
    ):
        raise UserError(
            f"the label kind {kind.name} does not give its fields for each labelled object, and "
            "for the image"
        )
    if made.files.keys() != set(kind.files):
        raise UserError(
            f"the label kind {kind.name} writes the files {list(made.files)}, and says that it "
            f"writes {list(kind.files)}"
        )
