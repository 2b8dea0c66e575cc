"""Prove that a dataset is whole, and that its labels agree with its images and its scenes."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from renderer.asset import AssetCache
from renderer.dataset.agreement import (
    category_problems,
    frame_size,
    image_problems,
    picture_problems,
    shot_problems,
    unseen_problems,
)
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import read_manifest
from renderer.dataset.read import read_categories, read_pairs
from renderer.dataset.shots import read_lines, to_shot
from renderer.recipe.labels import Labels
from renderer.registry import LABEL_KINDS
from renderer.shot.shot import ImageOf, Shot
from renderer.truth.stored import Stored
from renderer.truth.view import ViewTruth

Record = dict[str, Any]
_MOST_FINDINGS, _LONGEST_FINDING = 1000, 1000


@dataclass
class Validation:
    """The outcome: what was looked at and what is wrong (each finding one sentence).

    Attributes:
        images: number of images.
        annotations: number of annotations.
        failed: number of images that the manifest records as failed.
        scenes: number of scenes that were ray cast anew.
        unchecked: number of those that should have been, but their models are not in the cache.
        findings: what is wrong.
        dropped: number of findings that were not kept.
        unknown: label kinds that the dataset has, and nothing here knows.

    """

    images: int = 0
    annotations: int = 0
    failed: int = 0
    scenes: int = 0
    unchecked: int = 0
    findings: list[str] = field(default_factory=list)
    dropped: int = 0
    unknown: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        """Keep a finding; past a thousand only count them. What it quotes may be of any length."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(textwrap.shorten(finding, _LONGEST_FINDING, placeholder=" ..."))
        else:
            self.dropped += 1

    def notes(self) -> Iterator[str]:
        """Yield what is not wrong, and still to be known (each one sentence)."""
        for name in self.unknown:
            yield f"{name} labels were not checked: install the package that has this label kind"
        if self.failed:
            images, are = ("image", "is") if self.failed == 1 else ("images", "are")
            yield f"{self.failed} {images} failed and {are} recorded as such"
        if self.unchecked:
            scenes, were = ("scene", "was") if self.unchecked == 1 else ("scenes", "were")
            yield (
                f"{self.unchecked} {scenes} {were} not checked: their models are not in the cache "
                "(ORBITSET_CACHE); run orbitset recipe check there, or the render again"
            )


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
    except DatasetError as error:
        result.add(str(error))
        return result
    result.failed = len(manifest["failed"])
    _check_categories(manifest, names, result)
    shots = _Shots(layout, result)
    on = _kinds_on(manifest, result)
    checker = _Checker(layout, cache, every, on, names, manifest["categories"], result)
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

    def _read(self, layout: Layout) -> Iterator[Record]:
        try:
            yield from read_lines(layout)
        except DatasetError as error:  # said once, and not of each image that comes behind it
            self._whole = False
            self._result.add(str(error))


def _count(line: Record, key: str) -> int:
    """Return how many views or variants a line has; of one that is damaged, whatever."""
    return max(len(line[key]), 1) if isinstance(line.get(key), list) else 1


@dataclass(frozen=True)
class _Checker:
    """Checks one image after the other.

    Attributes:
        layout: the dataset.
        cache: see ``validate``.
        every: see ``validate``.
        on: the label kinds that it has, with the options of each.
        names: category names by id as instances.json has them.
        declared: category names in the order of their ids as the manifest has them.

    """

    layout: Layout
    cache: AssetCache | None
    every: int
    on: Mapping[str, Any]
    names: dict[int, str]
    declared: list[str]
    result: Validation

    def check(self, image: Record, annotations: list[Record], shot: Shot | None) -> None:
        """Check an image with its annotations."""
        of = None if shot is None else next((i for i in shot.images if i.id == image["id"]), None)
        name = image["file_name"] if of is None else of.file_name
        if shot is not None and of is None:
            self.result.add(f"{name}: its shot {shot.index} has no image {image['id']}")
            shot = None
        if shot is not None and of is not None:
            self._tell(name, image_problems(image, shot, of))
        self._check_files(name, image, shot, of)
        stored = Stored(
            image,
            annotations,
            frame_size(image, of),
            shot,
            None if shot is None or of is None else of.view.camera,
            lambda key: self.layout.file(image["files"][key]["path"]).read_bytes(),
        )
        self._check_annotations(name, stored)
        if shot is not None and stored.complete:  # else what follows would say it again
            seen = {record["instance"] for record in annotations}
            self._tell(name, unseen_problems(image, shot, seen))
        self._check_labels(name, stored, self._truth(stored))

    def _tell(self, where: str, problems: Iterable[str]) -> bool:
        """Add problems to the findings and return whether there were any."""
        told = False
        for problem in problems:
            self.result.add(f"{where}: {problem}")
            told = True
        return told

    def _check_files(self, name: str, image: Record, shot: Shot | None, of: ImageOf | None) -> None:
        """Look whether each file is there and the one that was written."""
        files: Record = image["files"]
        for kind in self.on:
            for lost in [key for key in LABEL_KINDS.get(kind).files if key not in files]:
                self.result.add(f"{name}: it lacks the file {lost} of its {kind} labels")
        for key, file in files.items():
            path = name if key == "picture" else file["path"]
            try:
                content = self.layout.file(path).read_bytes()
            except FileNotFoundError:
                self.result.add(f"{path} cannot be read (no such file): run the same render again")
            except (OSError, DatasetError) as error:
                self.result.add(f"{path} cannot be read: {error}")
            else:
                if hashlib.blake2b(content, digest_size=16).hexdigest() != file["blake2b"]:
                    what = "image that was rendered" if key == "picture" else "file of its image"
                    self.result.add(
                        f"{path} is not the {what} (its digest differs): delete it and run the "
                        "same render again"
                    )
                elif key == "picture":
                    self._tell(name, picture_problems(content, image, shot, of))

    def _check_annotations(self, name: str, stored: Stored) -> None:
        """Check what does not hang on a label kind."""
        instances = set[int]()
        for record in stored.annotations:
            where, instance = f"{name}: annotation {record['id']}", record["instance"]
            self._tell(where, category_problems(record, self.names))
            if stored.shot is not None:
                self._tell(where, shot_problems(record, stored.shot, self.names, self.declared))
            if instance in instances:
                self.result.add(f"{where}: instance {instance} stands twice in its image")
            instances.add(instance)

    def _check_labels(self, name: str, stored: Stored, truth: ViewTruth | None) -> None:
        """Have each kind check its labels."""
        if truth is not None and stored.complete:
            self.result.scenes += 1
        for kind, config in self.on.items():
            try:
                for record, problem in LABEL_KINDS.get(kind).check(stored, truth, config):
                    where = name if record is None else f"{name}: annotation {record['id']}"
                    self.result.add(f"{where}: {problem}")
                    if record is not None:
                        stored.wrong.add(record["id"])
            except (ArithmeticError, ValueError, MemoryError) as error:  # poses that are none
                self.result.add(f"{name}: the scene of its shot cannot be ray cast: {error}")
                return

    def _truth(self, stored: Stored) -> ViewTruth | None:
        """Return the view of an image by ray casting, where it is its turn and its models are
        there.
        """
        if stored.shot is None or stored.camera is None or self.cache is None:
            return None
        if self.result.images % self.every:
            return None
        if not all(self.cache.has(entry.asset) for entry in stored.shot.objects):
            self.result.unchecked += 1
            return None
        return ViewTruth.of(stored.shot, stored.camera, self.cache)


def _kinds_on(manifest: Record, result: Validation) -> Mapping[str, Any]:
    """Return the label kinds that a dataset has, with the options of each."""
    labels = manifest["recipe"].get("labels", {})
    known = LABEL_KINDS.names()
    try:
        result.unknown.extend(sorted(set(labels) - set(known)))
        return Labels.model_validate({key: labels[key] for key in labels if key in known}).on
    except (ValidationError, TypeError):
        result.add("manifest.json is damaged: its recipe has labels that are none")
        return {}


def _check_categories(manifest: Record, names: dict[int, str], result: Validation) -> None:
    declared = dict(enumerate(manifest["categories"], start=1))
    for number in sorted(declared.keys() | names.keys()):
        here, there = (of.get(number, "not there") for of in (names, declared))
        if here != there:
            result.add(
                f"category {number} is {here} in instances.json, and {there} in manifest.json"
            )


def _check_counts(manifest: Record, result: Validation) -> None:
    for kind, count in (("images", result.images), ("annotations", result.annotations)):
        if count != manifest[kind]:
            result.add(f"instances.json has {count} {kind}, manifest.json says {manifest[kind]}")


def _check_whole(manifest: Record, result: Validation) -> None:
    wanted = manifest["recipe"]["images"]
    missing = wanted - manifest["images"] - result.failed
    if missing:
        result.add(f"{missing} of {wanted} images are neither rendered nor recorded as failed")
    elif manifest["images"] == 0 and wanted:
        result.add(f"there is no image: all {wanted} failed")
