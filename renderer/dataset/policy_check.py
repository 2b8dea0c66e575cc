"""Whether objects have an annotation, or have none, as the recipe's labels say.

Each function yields what is wrong, to follow the name of the image or annotation in a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from renderer.dataset.coco import unlabelled_warning
from renderer.dataset.layout import DatasetError
from renderer.dataset.manifest import Manifest
from renderer.dataset.records import ImageRecord
from renderer.recipe.label_policy import LabelPolicy
from renderer.shot.scene import Instance
from renderer.shot.shot import Shot
from renderer.truth.kind import Record
from renderer.truth.outline_check import few
from renderer.truth.stored_labels import MaskError, StoredLabels
from renderer.truth.view import ViewTruth


def policy_of(manifest: Manifest) -> LabelPolicy:
    """Return the policy of the recipe of a dataset.

    Raises:
        DatasetError: what the manifest says of it is none.

    """
    labels = manifest.recipe.get("labels")
    said = labels if isinstance(labels, dict) else {}
    try:
        return LabelPolicy(**{key: said[key] for key in LabelPolicy.model_fields if key in said})
    except ValidationError as error:
        key = error.errors()[0]["loc"][0]
        raise DatasetError(f"manifest.json is damaged: recipe.labels.{key} is none") from None


def fate_problems(record: Record, stored: StoredLabels, policy: LabelPolicy) -> Iterator[str]:
    """Compare an annotation with what becomes of an object that shows so much of itself."""
    pixels = _pixels(record, stored) if policy.min_visible_px else 0
    if pixels is None:
        return
    visibility = record.get("visibility", 1.0)
    fate = policy.fate(pixels, visibility)
    if fate == "drop":
        yield f"it should have been dropped: {_shows(pixels, visibility, policy)}"
    elif record["iscrowd"] != (fate == "ignore"):
        yield f"iscrowd is {record['iscrowd']}, and should be {int(fate == 'ignore')}"


def dropped_problems(
    stored: StoredLabels, image: ImageRecord, shot: Shot, policy: LabelPolicy
) -> Iterator[str]:
    """Tell of objects that have no annotation while the image does not say so, and of those that it
    says to be dropped and are not.
    """
    lacking = _lacking(stored, shot)
    for category in sorted(image.dropped.keys() | lacking.keys()):
        entries, said = lacking.get(category, []), image.dropped.get(category, 0)
        if said and not (policy.asks and policy.below == "drop"):
            yield f"dropped has {said} of {category}, and its recipe drops none"
        elif said > len(entries):
            yield f"dropped has {said} of {category}, and {len(entries)} have no annotation"
        elif said < len(entries) and unlabelled_warning(category) not in image.warnings:
            for entry in entries[said:]:
                # Which of several are those that have been dropped only their scene tells.
                which = f"one more {category}" if said else f"object {entry.instance} ({category})"
                yield f"{which} has no annotation"


def wrongly_dropped(
    stored: StoredLabels, shot: Shot, truth: ViewTruth, policy: LabelPolicy
) -> Iterator[str]:
    """Tell of dropped objects of which rays see enough, whatever an outline may round."""
    seen = stored.seen(truth)
    for entry in shot.objects:
        if entry.instance not in stored.dropped or not truth.exact(entry):
            continue
        pixels = seen.visible(entry).area
        if not pixels:
            continue
        whole = seen.whole(entry)
        slack = few(whole.crop.area)
        visibility = min(whole.visibility, 1.0)
        if policy.fate(int(pixels - slack), visibility - slack / whole.crop.area) == "keep":
            yield (
                f"object {entry.instance} ({entry.category}) has been dropped, and should not "
                f"have been: {_shows(pixels, visibility, policy)}"
            )


def _shows(pixels: int, visibility: float, policy: LabelPolicy) -> str:
    told = []
    if policy.min_visible_px:
        told.append(f"it shows {pixels} pixels (labels.min_visible_px: {policy.min_visible_px})")
    if policy.min_visibility:
        share = f"{visibility:.3f}"
        told.append(f"its visibility is {share} (labels.min_visibility: {policy.min_visibility:g})")
    return " and ".join(told)


def _pixels(record: Record, stored: StoredLabels) -> int | None:
    """Return how many pixels an annotation has, or None where it does not tell."""
    if "area" in record:
        return int(record["area"])
    try:
        return stored.mask(record).area if "segmentation" in record else None
    except MaskError:  # told by its own kind
        return None


def _lacking(stored: StoredLabels, shot: Shot) -> dict[str, list[Instance]]:
    """Return the objects without an annotation by their category."""
    labelled = {record["instance"] for record in stored.annotations}
    lacking: dict[str, list[Instance]] = {}
    for entry in shot.objects:
        if entry.category is not None and entry.instance not in labelled:
            lacking.setdefault(entry.category, []).append(entry)
    return lacking
