"""Prove that a dataset is whole, and that its labels agree with its images and its scenes."""

from __future__ import annotations

import hashlib
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from renderer.asset import AssetCache
from renderer.dataset.agreement import (
    Seen,
    category_problems,
    frame_size,
    image_problems,
    mask_problems,
    picture_problems,
    scene_problems,
    shot_problems,
    unseen_problems,
)
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import Manifest, read_manifest
from renderer.dataset.read import read_categories, read_pairs
from renderer.dataset.records import PICTURE, AnnotationRecord, ImageRecord, records_of
from renderer.dataset.segmentation import to_mask
from renderer.dataset.shots import read_lines, to_shot
from renderer.dataset.stored import Stored as Record
from renderer.shot.camera import Camera
from renderer.shot.shot import ImageOf, Shot
from renderer.truth import Labeller

_MOST_FINDINGS, _LONGEST_FINDING = 1000, 1000


@dataclass
class Validation:
    """The outcome: what was looked at and what is wrong (each finding one sentence).

    Attributes:
        images: number of images.
        annotations: number of annotations.
        failed: number of shots that the manifest records as failed.
        scenes: number of scenes that were ray cast anew.
        unchecked: number of those that should have been, but their models are not in the cache.
        findings: what is wrong.
        dropped: number of findings that were not kept.
        unknown: label kinds of the dataset that this installation lacks.

    """

    images: int = 0
    annotations: int = 0
    failed: int = 0
    scenes: int = 0
    unchecked: int = 0
    findings: list[str] = field(default_factory=list)
    dropped: int = 0
    unknown: tuple[str, ...] = ()

    def add(self, finding: str) -> None:
        """Keep a finding; past a thousand only count them. What it quotes may be of any length."""
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(textwrap.shorten(finding, _LONGEST_FINDING, placeholder=" ..."))
        else:
            self.dropped += 1

    def notes(self) -> Iterator[str]:
        """Yield what is not wrong, and still to be known (each one sentence)."""
        if self.failed:
            shots, are = ("shot", "is") if self.failed == 1 else ("shots", "are")
            yield f"{self.failed} {shots} failed and {are} recorded as such"
        if self.unknown:
            yield (
                f"labels of the kinds {', '.join(self.unknown)} were not checked: no package with "
                "them is installed here"
            )
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
            from its Shot, and masks, amodal boxes and truncation compared; without, that is left
            out.
        every: see ``cache``.

    """
    result = Validation()
    try:
        manifest, names = read_manifest(layout), read_categories(layout)
    except DatasetError as error:
        result.add(str(error))
        return result
    result.failed = len(manifest.failed)
    result.unknown = records_of(manifest.labels).unknown
    _check_categories(manifest, names, result)
    shots = _Shots(layout, result)
    checker = _Checker(layout, cache, every, names, manifest["categories"], result)
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
                checker.check(image, annotations, shots.of(image["shot"]))
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

    def of(self, index: int) -> Shot | None:
        """Return the shot of an image, or tell why there is none."""
        while self._line is not None and self._line["index"] < index:
            self._line = next(self._lines, None)
        if self._line is None or self._line["index"] != index:
            if self._whole:
                self._result.add(f"shots.jsonl lacks shot {index}")
            return None
        try:
            return to_shot(self._line)
        except DatasetError as error:
            self._result.add(str(error))
            return None

    def _read(self, layout: Layout) -> Iterator[dict[str, Any]]:
        try:
            yield from read_lines(layout)
        except DatasetError as error:  # said once, and not of each image that comes behind it
            self._whole = False
            self._result.add(str(error))


@dataclass(frozen=True)
class _Checker:
    """Checks one image after the other.

    Attributes:
        names: category names by id as instances.json has them.
        declared: category names in the order of their ids as the manifest has them.

    """

    layout: Layout
    cache: AssetCache | None
    every: int
    names: dict[int, str]
    declared: list[str]
    result: Validation

    def check(
        self, image: ImageRecord, annotations: list[AnnotationRecord], shot: Shot | None
    ) -> None:
        """Check an image with its annotations."""
        of = None if shot is None else next((i for i in shot.images if i.id == image["id"]), None)
        name = image["file_name"] if of is None else of.file_name
        if shot is not None and of is None:
            self.result.add(f"{name}: its shot {shot.index} has no image {image['id']}")
            shot = None
        if shot is not None and of is not None:
            self._tell(name, image_problems(image, shot, of))
        self._check_picture(name, image, shot, of)
        seen = self._check_annotations(name, image, annotations, shot, of)
        if shot is None or of is None:
            return
        # Else it has been told, and what follows would say it again.
        whole = len(seen) == len(annotations) and seen.keys() <= {
            entry.instance for entry in shot.objects
        }
        if whole:
            self._tell(name, unseen_problems(image, shot, seen.keys()))
        if self.cache is not None and self.result.images % self.every == 0:
            if not all(self.cache.has(entry.asset) for entry in shot.objects):
                self.result.unchecked += 1
            elif whole:
                self._check_scene(name, self.cache, shot, of.view.camera, list(seen.values()))

    def _tell(self, where: str, problems: Iterable[str]) -> bool:
        """Add problems to the findings and return whether there were any."""
        told = False
        for problem in problems:
            self.result.add(f"{where}: {problem}")
            told = True
        return told

    def _check_picture(
        self, name: str, image: Record, shot: Shot | None, of: ImageOf | None
    ) -> None:
        try:
            content = self.layout.file(name).read_bytes()
        except FileNotFoundError:
            self.result.add(f"{name} cannot be read (no such file): run the same render again")
        except (OSError, DatasetError) as error:
            self.result.add(f"{name} cannot be read: {error}")
        else:
            digest = hashlib.blake2b(content, digest_size=16).hexdigest()
            if digest == image["files"][PICTURE].blake2b:
                self._tell(name, picture_problems(content, image, shot, of))
            else:
                self.result.add(
                    f"{name} is not the image that was rendered (its digest differs): delete it "
                    "and run the same render again"
                )

    def _check_annotations(
        self,
        name: str,
        image: Record,
        annotations: Sequence[Record],
        shot: Shot | None,
        of: ImageOf | None,
    ) -> dict[int, Seen]:
        """Check each annotation by itself and against the others; return those with masks, by
        instance.
        """
        width, height = frame_size(image, of)
        taken = np.zeros((height, width), np.bool_)
        seen = dict[int, Seen]()
        for record in annotations:
            where, instance = f"{name}: annotation {record['id']}", record["instance"]
            self._tell(where, category_problems(record, self.names))
            if shot is not None and of is not None:
                camera = of.view.camera
                self._tell(where, shot_problems(record, shot, camera, self.names, self.declared))
            try:
                mask = to_mask(record["segmentation"], height, width)
                amodal = to_mask(record["amodal_segmentation"], height, width)
            except (ValueError, TypeError) as error:
                self.result.add(f"{where}: its segmentation cannot be decoded ({error})")
                continue
            sound = not self._tell(where, mask_problems(record, mask, amodal))
            if instance in seen:
                self.result.add(f"{where}: instance {instance} stands twice in its image")
            seen[instance] = Seen(record, mask, amodal, sound)
            if (taken & mask).any():
                self.result.add(f"{where}: its mask overlaps another object's")
            taken |= mask
        return seen

    def _check_scene(
        self, name: str, cache: AssetCache, shot: Shot, camera: Camera, seen: list[Seen]
    ) -> None:
        self.result.scenes += 1
        try:
            for record, problem in scene_problems(Labeller(cache).cast(shot, camera), seen):
                where = name if record is None else f"{name}: annotation {record['id']}"
                self.result.add(f"{where}: {problem}")
        except (ArithmeticError, ValueError, MemoryError) as error:  # poses that are none
            self.result.add(f"{name}: the scene of its shot cannot be ray cast: {error}")


def _check_categories(manifest: Manifest, names: dict[int, str], result: Validation) -> None:
    declared = dict(enumerate(manifest["categories"], start=1))
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
