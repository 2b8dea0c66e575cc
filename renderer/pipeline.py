"""One shot's way, end to end: plan, capture, develop, label, write."""

from __future__ import annotations

import hashlib
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from renderer.colour.luma import LUMA
from renderer.dataset.coco import annotation_record, image_record, unseen_warning
from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line
from renderer.dataset.storage import DiskError, write_atomic
from renderer.errors import UserError
from renderer.imaging import develop, encode
from renderer.plan import PlanError, Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import ImageOf, Shot
from renderer.truth.labelling import Labelled, label
from renderer.truth.view import ViewTruth

_TRIES = 2


class Camera(Protocol):
    """What takes the picture of a shot: the Blender stage."""

    def render(self, shot: Shot) -> Sequence[Frame]:
        """Return the passes of each view of a shot."""


class Diary:
    """Is told how far a shot has come, so that a crash can be laid at its door; this forgets."""

    def started(self, index: int) -> None:
        """Take note that a shot's turn has come."""

    def exposing(self, shot: Shot) -> None:
        """Take note of a shot that is planned and about to be rendered."""

    def stopping(self) -> bool:
        """Tell whether no further shot shall be begun."""
        return False


@dataclass(frozen=True)
class _Exposed:
    """A shot that has been rendered, and its line in the making; no shot where planning failed."""

    index: int
    shot: Shot | None
    line: Future[Line]


@dataclass(frozen=True)
class Pipeline:
    """Everything a shot passes through.

    Attributes:
        planner: decides the shots.
        camera: renders them.
        layout: the dataset they are written to.

    """

    planner: Planner
    camera: Camera
    layout: Layout

    def run(self, indices: Iterable[int], diary: Diary | None = None) -> Iterator[Line]:
        """Yield the part line of each shot, in order, until the diary says to stop.

        While a shot renders (bpy lets go of the GIL) the next one is planned and the one before it
        is developed, labelled and written, in a thread. A shot that fails is tried once more, then
        recorded with its cause.

        Raises:
            DiskError: an image cannot be written.

        """
        queue, diary = deque(indices), diary or Diary()
        with ThreadPoolExecutor(1, thread_name_prefix="darkroom") as darkroom:
            before: _Exposed | None = None
            planned = darkroom.submit(self.planner.shot, queue[0]) if queue else None
            while queue and planned is not None and not diary.stopping():
                index = queue.popleft()
                diary.started(index)
                shot = planned
                planned = darkroom.submit(self.planner.shot, queue[0]) if queue else None
                now = self._expose(index, shot, darkroom, diary)
                if before is not None:
                    yield self._collect(before)
                before = now
            if before is not None:
                yield self._collect(before)

    def _expose(
        self, index: int, planned: Future[Shot], darkroom: ThreadPoolExecutor, diary: Diary
    ) -> _Exposed:
        shot: Shot | None = None
        try:
            shot = planned.result()
            diary.exposing(shot)
            frame = self.camera.render(shot)
        except Exception as error:
            failed: Future[Line] = Future()
            failed.set_exception(error)
            return _Exposed(index, shot, failed)
        return _Exposed(index, shot, darkroom.submit(self.finish, shot, frame))

    def _collect(self, exposed: _Exposed) -> Line:
        index = exposed.index
        for attempt in range(1, _TRIES + 1):
            try:
                return exposed.line.result() if attempt == 1 else self.take(index)
            except PlanError as error:
                cause = str(error).removeprefix(f"image {index}: ")
                return {**failed_line(index, None, cause), "impossible": True}
            except DiskError:
                raise
            except UserError as error:
                cause = str(error)
            except Exception as error:
                cause = f"{type(error).__name__}: {error}"
                traceback.print_exception(error)  # to the worker's log
        return failed_line(index, exposed.shot, cause)

    def take(self, index: int) -> Line:
        """Plan, render and finish one shot without overlap; raises whatever goes wrong."""
        shot = self.planner.shot(index)
        return self.finish(shot, self.camera.render(shot))

    def finish(self, shot: Shot, frames: Sequence[Frame]) -> Line:
        """Develop, label and write the images of one shot; return its part line."""
        by_view = dict(zip((view.name for view in shot.views), frames, strict=True))
        on = self.planner.recipe.labels.on
        labelled = {
            view.name: label(
                ViewTruth.of(shot, view.camera, self.planner.cache, by_view[view.name]), on
            )
            for view in shot.views
        }
        images = [
            self._image(shot, image, by_view[image.view.name], labelled[image.view.name])
            for image in shot.images
        ]
        return {"index": shot.index, "shot": shot.model_dump(mode="json"), "images": images}

    def _image(
        self, shot: Shot, image: ImageOf, frame: Frame, labelled: Labelled
    ) -> dict[str, Any]:
        """Develop and write one image and its labels' files; return its records."""
        picture = develop(shot, image.view, frame, self.planner.folder)
        content = encode(picture, shot.render.format, shot.render.quality)
        write_atomic(self.layout.file(image.file_name), content)
        record = image_record(
            shot,
            image,
            _digest(content),
            float((picture.mean(axis=(0, 1)) / 255) @ LUMA),
            [*frame.warnings, *labelled.warnings, *_unseen(shot, labelled)],
        )
        for name, path, content in labelled.paths(image.stem):
            write_atomic(self.layout.file(path), content)
            record["files"][name] = {"path": path, "blake2b": _digest(content)}
        ids = {name: number for number, name in enumerate(self.planner.recipe.categories, start=1)}
        return {
            "image": {**record, **labelled.image},
            "annotations": [
                annotation_record(
                    entry, ids[entry.category or ""], labelled.objects[entry.instance]
                )
                for entry in shot.objects
                if entry.instance in labelled.objects
            ],
        }


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _unseen(shot: Shot, labelled: Labelled) -> list[str]:
    """Return a sentence for each category with objects that no pixel shows."""
    unseen = [each.category for each in shot.objects if each.instance not in labelled.objects]
    return [unseen_warning(category) for category in dict.fromkeys(unseen) if category is not None]


def failed_line(index: int, shot: Shot | None, cause: str) -> Line:
    """Return the part line of a shot that was given up."""
    return {
        "index": index,
        "failed": cause.encode(errors="replace").decode(),  # it may name a file that is no UTF-8
        "shot": None if shot is None else shot.model_dump(mode="json"),
    }


def quarantined_line(index: int, shot: Line | None, cause: str) -> Line:
    """Return the part line of a shot (as it was dumped) that killed or hung its workers."""
    return {"index": index, "quarantined": True, "failed": cause, "shot": shot}
