"""One shot's way, end to end: plan, capture, develop, label, write."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from renderer.colour.luma import LUMA
from renderer.dataset.coco import annotation_record, file_record, image_record, unseen_warning
from renderer.dataset.layout import Layout
from renderer.dataset.parts import Line
from renderer.dataset.records import PICTURE
from renderer.dataset.storage import DiskError, write_atomic
from renderer.errors import UserError
from renderer.imaging import develop, encode
from renderer.plan import PlanError, Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import ImageOf, Shot
from renderer.truth import Label, Labeller

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
        images = [self._image(shot, image, by_view[image.view.name]) for image in shot.images]
        return {"index": shot.index, "shot": shot.model_dump(mode="json"), "images": images}

    def _image(self, shot: Shot, image: ImageOf, frame: Frame) -> dict[str, Any]:
        """Develop, label and write one image; return its records."""
        picture = develop(shot, image.view, frame, self.planner.folder)
        content = encode(picture, shot.render.format, shot.render.quality)
        labels = Labeller(self.planner.cache).label(
            shot, image.view.camera, frame.index, frame.silhouettes
        )
        recipe = self.planner.recipe
        ids = {name: number for number, name in enumerate(recipe.categories, start=1)}
        write_atomic(self.layout.file(image.file_name), content)
        return {
            "image": image_record(
                shot,
                image,
                {PICTURE: file_record(image.file_name, content)},
                float((picture.mean(axis=(0, 1)) / 255) @ LUMA),
                [*frame.warnings, *_unseen(shot, labels)],
            ).model_dump(mode="json"),
            "annotations": [
                annotation_record(
                    label, ids[label.entry.category or ""], recipe.labels.segmentation
                ).model_dump(mode="json")
                for label in labels
            ],
        }


def _unseen(shot: Shot, labels: list[Label]) -> list[str]:
    """Return a sentence for each category with objects that no pixel shows."""
    labelled = {label.entry.instance for label in labels}
    unseen = [each.category for each in shot.objects if each.instance not in labelled]
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
