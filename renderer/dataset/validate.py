"""Prove that a dataset is whole, and that its labels agree with its images and its scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from renderer.asset import AssetCache
from renderer.dataset.image_check import ImageCheck
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import Manifest, read_manifest
from renderer.dataset.policy_check import policy_of
from renderer.dataset.read import read_categories, read_category_records, read_pairs
from renderer.dataset.records import CategoryRecord, records_of
from renderer.dataset.shots import read_lines, to_shot
from renderer.dataset.validation import Validation
from renderer.registry import LABEL_KINDS
from renderer.shot.shot import Shot


def validate(
    layout: Layout,
    cache: AssetCache | None,
    every: int = 1,
) -> Validation:
    """Check a dataset, streaming.

    Args:
        layout: the dataset.
        cache: with the imported models, the objects of each ``every``-th image are ray cast anew
            from its Shot, and each label kind compares what it has written; without, kinds check
            what they can tell without models.
        every: see ``cache``.

    """
    result = Validation()
    try:
        manifest, names = read_manifest(layout), read_categories(layout)
        policy = policy_of(manifest)
        categories = read_category_records(layout)
    except DatasetError as error:
        result.add(str(error))
        return result
    result.failed = len(manifest.failed)
    result.unknown = records_of(manifest.labels).unknown
    _check_categories(manifest, categories, result)
    shots = _Shots(layout, result)
    on = _kinds_on(manifest, result)
    result.decoded = tuple(name for name in on if LABEL_KINDS.get(name).passes)
    checker = ImageCheck(layout, cache, every, on, names, categories, manifest, policy, result)
    last_image = last_annotation = 0
    try:
        for image, annotations in read_pairs(layout):
            in_order = image["id"] > last_image  # merge writes them so: twice is out of order
            if not in_order:
                result.add(f"image id {image['id']} stands twice or out of order")
            last_image = image["id"]
            for record in annotations:
                if record["id"] != last_annotation + 1:
                    result.add(f"annotation ids jump from {last_annotation} to {record['id']}")
                last_annotation = record["id"]
            if in_order:
                checker.check(image, annotations, shots.of(image["id"]))
            result.images += 1
            result.annotations += len(annotations)
    except DatasetError as error:  # what comes behind the damage is not known
        result.add(str(error))
    else:
        _check_counts(manifest, result)
    _check_whole(manifest, result)
    return result


class _Shots:
    """The shots beside the images: both stand in the order of their index."""

    def __init__(self, layout: Layout, result: Validation) -> None:
        self._result = result
        self._whole = True
        self._lines = self._read(layout)
        self._line = next(self._lines, None)
        self._images = 1

    def of(self, image: int) -> Shot | None:
        """Return the shot of an image by its id, or tell why there is none."""
        while self._line is not None and self._line["index"] < self._index(image):
            self._line = next(self._lines, None)
        index = self._index(image)
        if self._line is None or self._line["index"] != index:
            if self._whole:
                self._result.add(f"shots.jsonl lacks shot {index}")
            return None
        try:
            return to_shot(self._line)
        except DatasetError as error:
            self._result.add(str(error))
            return None

    def _index(self, image: int) -> int:
        """Return which shot an image is of. Each shot of a run has as many images, but one that has
        failed may have no views to count them by.
        """
        if self._line is not None and "views" in self._line:
            self._images = _count(self._line, "views") * _count(self._line, "variants")
        return (image - 1) // self._images

    def _read(self, layout: Layout) -> Iterator[dict[str, Any]]:
        try:
            yield from read_lines(layout)
        except DatasetError as error:  # said once, and not of each image that comes behind it
            self._whole = False
            self._result.add(str(error))


def _count(line: dict[str, Any], key: str) -> int:
    """Return how many views or variants a line has; of one that is damaged, whatever."""
    return max(len(line[key]), 1) if isinstance(line.get(key), list) else 1


def _kinds_on(manifest: Manifest, result: Validation) -> Mapping[str, Any]:
    """Return the label kinds that a dataset has, with the options of each."""
    on = {}
    for name in [name for name in manifest.labels if name not in result.unknown]:
        try:
            on[name] = LABEL_KINDS.get(name).Config.model_validate(manifest.labels[name])
        except ValidationError:
            result.add(f"manifest.json is damaged: the options of its {name} labels are none")
    return on


def _check_categories(
    manifest: Manifest, categories: dict[int, CategoryRecord], result: Validation
) -> None:
    declared = dict(enumerate(manifest["categories"], start=1))
    names = {number: each.name for number, each in categories.items()}
    for number, category in categories.items():
        if category.points != manifest.keypoints.get(category.name):
            result.add(
                f"category {number} has other keypoints in instances.json than in manifest.json"
            )
    for number in sorted(declared.keys() | names.keys()):
        here, there = (of.get(number, "not there") for of in (names, declared))
        if here != there:
            result.add(
                f"category {number} is {here} in instances.json, and {there} in manifest.json"
            )


def _check_counts(manifest: Manifest, result: Validation) -> None:
    for kind, count in (("images", result.images), ("annotations", result.annotations)):
        if count != manifest[kind]:
            result.add(f"instances.json has {count} {kind}, manifest.json says {manifest[kind]}")


def _check_whole(manifest: Manifest, result: Validation) -> None:
    wanted = manifest.recipe.images
    missing = wanted - manifest.shots - result.failed
    if missing:
        result.add(f"{missing} of {wanted} shots are neither rendered nor recorded as failed")
    elif manifest.shots == 0:
        result.add(f"there is no image: all {wanted} shots failed")
