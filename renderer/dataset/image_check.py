"""One image of a dataset: its record, its files, its annotations and the labels of each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from renderer.asset import AssetCache
from renderer.dataset.layout import DatasetError, Layout
from renderer.dataset.manifest import Manifest
from renderer.dataset.policy_check import dropped_problems, fate_problems, wrongly_dropped
from renderer.dataset.record_check import (
    category_problems,
    effect_problems,
    frame_size,
    image_problems,
    picture_problems,
    shot_problems,
)
from renderer.dataset.records import PICTURE, AnnotationRecord, CategoryRecord, ImageRecord
from renderer.dataset.validation import Validation
from renderer.errors import ExtensionError
from renderer.recipe.label_policy import LabelPolicy
from renderer.registry import LABEL_KINDS
from renderer.shot.shot import ImageOf, Shot
from renderer.truth.stored_labels import StoredLabels
from renderer.truth.view import ViewTruth


@dataclass(frozen=True)
class ImageCheck:
    """Checks one image after the other.

    Attributes:
        layout: the dataset.
        cache: see ``validate``.
        every: see ``validate``.
        on: the label kinds that it has, with the options of each.
        names: category names by id as instances.json has them.
        categories: the records of the categories by id.
        manifest: what the dataset was made of.
        policy: what becomes of objects that show too little of themselves.

    """

    layout: Layout
    cache: AssetCache | None
    every: int
    on: Mapping[str, Any]
    names: dict[int, str]
    categories: Mapping[int, CategoryRecord]
    manifest: Manifest
    policy: LabelPolicy
    result: Validation

    def check(
        self, image: ImageRecord, annotations: list[AnnotationRecord], shot: Shot | None
    ) -> None:
        """Check an image with its annotations."""
        of = None if shot is None else next((i for i in shot.images if i.id == image.id), None)
        name = image.file_name if of is None else of.file_name
        if shot is not None and of is None:
            self.result.add(f"{name}: its shot {shot.index} has no image {image['id']}")
            shot = None
        if shot is not None and of is not None:
            self._add(name, image_problems(image, shot, of))
            self._add(name, effect_problems(shot, self.manifest.recipe))
        files = self._check_files(name, image, shot, of)
        stored = StoredLabels(
            image,
            annotations,
            frame_size(image, of),
            shot,
            None if shot is None or of is None else of.view.camera,
            partial(_read, files),
            categories=self.categories,
        )
        self._check_annotations(name, stored)
        truth = self._truth(stored)
        if shot is not None and stored.complete:  # else what follows would say it again
            self._add(name, dropped_problems(stored, image, shot, self.policy))
        self._check_labels(name, stored, truth)
        self._check_policy(name, stored, truth)

    def _add(self, where: str, problems: Iterable[str]) -> bool:
        """Add problems to the findings and return whether there were any."""
        found = False
        for problem in problems:
            self.result.add(f"{where}: {problem}")
            found = True
        return found

    def _check_files(
        self, name: str, image: ImageRecord, shot: Shot | None, of: ImageOf | None
    ) -> dict[str, bytes]:
        """Look whether each file is there and the one that was written; return those that are."""
        sound: dict[str, bytes] = {}
        for kind in self.on:
            for lost in [key for key in LABEL_KINDS.get(kind).files if key not in image.files]:
                self.result.add(f"{name}: it lacks the file {lost} of its {kind} labels")
        for key, file in image.files.items():
            path = name if key == PICTURE else file.path
            try:
                content = self.layout.file(path).read_bytes()
            except FileNotFoundError:
                self.result.add(f"{path} cannot be read (no such file): run the same render again")
            except (OSError, DatasetError) as error:
                self.result.add(f"{path} cannot be read: {error}")
            else:
                if hashlib.blake2b(content, digest_size=16).hexdigest() != file.blake2b:
                    what = "image that was rendered" if key == PICTURE else "file of its image"
                    self.result.add(
                        f"{path} is not the {what} (its digest differs): delete it and run the "
                        "same render again"
                    )
                    continue
                sound[key] = content
                if key == PICTURE:
                    self._add(name, picture_problems(content, image, shot, of))
        return sound

    def _check_annotations(self, name: str, stored: StoredLabels) -> None:
        """Check what does not hang on a label kind."""
        instances = set[int]()
        for record in stored.annotations:
            where, instance = f"{name}: annotation {record['id']}", record["instance"]
            self._add(where, category_problems(record, self.names))
            if stored.shot is not None:
                declared = self.manifest.categories
                self._add(where, shot_problems(record, stored.shot, self.names, declared))
            if instance in instances:
                self.result.add(f"{where}: instance {instance} stands twice in its image")
            instances.add(instance)

    def _check_policy(self, name: str, stored: StoredLabels, truth: ViewTruth | None) -> None:
        """Check whether what has an annotation should have it, and what has none should not, as far
        as the labels that this goes by are right.
        """
        for record in stored.annotations:
            if record["id"] not in stored.wrong:
                where = f"{name}: annotation {record['id']}"
                self._add(where, fate_problems(record, stored, self.policy))
        if truth is not None and stored.agrees and stored.complete and stored.dropped:
            self._add(name, wrongly_dropped(stored, truth.shot, truth, self.policy))

    def _check_labels(self, name: str, stored: StoredLabels, truth: ViewTruth | None) -> None:
        """Have each kind check its labels."""
        if truth is not None and stored.complete:
            self.result.scenes += 1
        for kind, config in self.on.items():
            try:
                with LABEL_KINDS.calling(kind):
                    problems = list(LABEL_KINDS.get(kind).check(stored, truth, config))
            except ExtensionError as error:
                self.result.add(f"{name}: {error}")
                continue
            except (ArithmeticError, ValueError, MemoryError) as error:  # poses that are none
                self.result.add(f"{name}: the scene of its shot cannot be ray cast: {error}")
                return
            for record, problem in problems:
                where = name if record is None else f"{name}: annotation {record['id']}"
                self.result.add(f"{where}: {problem}")
                if record is not None:
                    stored.wrong.add(record["id"])

    def _truth(self, stored: StoredLabels) -> ViewTruth | None:
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
        return ViewTruth.of(
            stored.shot, stored.camera, self.cache, categories=self.manifest.categories
        )


def _read(files: Mapping[str, bytes], name: str) -> bytes:
    """Return a file of an image; what is wrong with one that is not there has been told."""
    if name not in files:
        raise OSError(f"there is no sound file {name}")
    return files[name]
