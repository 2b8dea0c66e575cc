"""One shot's way, end to end: plan, render, develop, label, write."""

from __future__ import annotations

import traceback
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from renderer.colour.luma import LUMA
from renderer.dataset.coco import file_record, image_record, label_record, unlabelled_warning
from renderer.dataset.layout import Layout
from renderer.dataset.parts import FailedStage, Line
from renderer.dataset.records import PICTURE, FileRecord
from renderer.dataset.storage import DiskError, write_atomic
from renderer.errors import ExtensionError, UserError
from renderer.imaging import develop, encode
from renderer.plan import PlanError, Planner
from renderer.shot.frame import Frame
from renderer.shot.shot import ImageOf, Shot
from renderer.truth.labelling import Labelled, label
from renderer.truth.view import ViewTruth


class ShotRenderer(Protocol):
    """What takes the picture of a shot: the scene in Blender."""

    def render(self, shot: Shot) -> Sequence[Frame]:
        """Return the passes of each view of a shot."""


class ShotObserver:
    """Is told how far a shot has come, so that a crash can be attributed to it; this does nothing
    with it.
    """

    def started(self, index: int) -> None:
        """Is told that a shot's turn has come."""

    def rendering(self, shot: Shot) -> None:
        """Is told of a shot that is planned and about to be rendered."""

    def stopping(self) -> bool:
        """Tell whether no further shot shall be begun."""
        return False


@dataclass(frozen=True)
class _Rendered:
    """A shot that has been rendered, or failed before, and its line in the making.

    ``stage`` is the one that it has come to; there is no shot where planning failed. ``held`` is
    how many bytes of passes it keeps in memory until its line is made.
    """

    index: int
    shot: Shot | None
    stage: FailedStage
    line: Future[Line]
    held: int = 0


@dataclass(frozen=True)
class Pipeline:
    """Everything a shot passes through.

    Attributes:
        planner: decides the shots.
        renderer: renders them.
        layout: the dataset they are written to.
        finishers: threads that develop, label and write.
        most_bytes: of passes that may wait for them; one shot's may always.

    """

    planner: Planner
    renderer: ShotRenderer
    layout: Layout
    finishers: int = 1
    most_bytes: int = 1 << 30

    def run(self, indices: Iterable[int], observer: ShotObserver | None = None) -> Iterator[Line]:
        """Yield the part line of each shot, in order, until the observer says to stop.

        While a shot renders (bpy lets go of the GIL) a thread plans the next one, and others
        develop, label and write those before it. The line of a shot that fails has its cause and
        the stage in which it failed; whether to try it again is for others to decide.

        Raises:
            DiskError: an image cannot be written.

        """
        queue, observer = deque(indices), observer or ShotObserver()
        with (
            ThreadPoolExecutor(1, thread_name_prefix="planner") as planner,
            ThreadPoolExecutor(self.finishers, thread_name_prefix="finisher") as finishers,
        ):
            rendered = deque[_Rendered]()
            planned = planner.submit(self.planner.shot, queue[0]) if queue else None
            while queue and planned is not None and not observer.stopping():
                index = queue.popleft()
                observer.started(index)
                shot = planned
                planned = planner.submit(self.planner.shot, queue[0]) if queue else None
                rendered.append(self._render(index, shot, finishers, observer))
                while rendered and (rendered[0].line.done() or self._is_full(rendered)):
                    yield self._collect(rendered.popleft())
            while rendered:
                yield self._collect(rendered.popleft())

    def _is_full(self, rendered: deque[_Rendered]) -> bool:
        """Tell whether no more may wait: rendering is then held up by finishing."""
        held = [each.held for each in rendered if not each.line.done()]
        return len(held) > 1 and (len(held) > self.finishers or sum(held) > self.most_bytes)

    def _render(
        self,
        index: int,
        planned: Future[Shot],
        finishers: ThreadPoolExecutor,
        observer: ShotObserver,
    ) -> _Rendered:
        shot: Shot | None = None
        try:
            shot = planned.result()
            observer.rendering(shot)
            frames = self.renderer.render(shot)
        except Exception as error:
            failed: Future[Line] = Future()
            failed.set_exception(error)
            return _Rendered(index, shot, "render" if shot else "plan", failed)
        held = sum(frame.nbytes for frame in frames)
        line = finishers.submit(self.finish, shot, frames)
        return _Rendered(index, shot, "finish", line, held)

    def _collect(self, rendered: _Rendered) -> Line:
        index, shot, stage = rendered.index, rendered.shot, rendered.stage
        try:
            return rendered.line.result()
        except PlanError as error:
            cause = str(error).removeprefix(f"image {index}: ")
            return {**failed_line(index, None, cause, stage), "impossible": True}
        except DiskError:
            raise
        except UserError as error:
            cause = str(error)
            if isinstance(error, ExtensionError):
                traceback.print_exception(error)  # for who wrote the extension
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            traceback.print_exception(error)  # to the worker's log
        return failed_line(index, shot, cause, stage)

    def finish(self, shot: Shot, frames: Sequence[Frame]) -> Line:
        """Develop, label and write the images of one shot; return its part line."""
        by_view = dict(zip((view.name for view in shot.views), frames, strict=True))
        labels = self.planner.recipe.labels
        labelled = {
            view.name: label(
                ViewTruth.of(
                    shot,
                    view.camera,
                    self.planner.cache,
                    by_view[view.name],
                    self.planner.recipe.categories,
                ),
                labels.on,
                labels.policy,
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
        picture = develop(shot, image, frame, self.planner.folder)
        content = encode(picture, shot.render.format, shot.render.quality)
        files = {PICTURE: self._write(image.file_name, content)}
        for name, path, labels in labelled.paths(image.stem):
            files[name] = self._write(path, labels)
        record = image_record(
            shot,
            image,
            files,
            float((picture.mean(axis=(0, 1)) / 255) @ LUMA),
            [*frame.warnings, *labelled.warnings, *_unlabelled(shot, labelled)],
            Counter(each.category for each in shot.objects if each.instance in labelled.dropped),
        )
        ids = {name: number for number, name in enumerate(self.planner.recipe.categories, start=1)}
        annotations = [
            {
                **label_record(
                    entry, ids[entry.category or ""], entry.instance in labelled.ignored
                ).model_dump(mode="json"),
                **labelled.objects[entry.instance],
            }
            for entry in shot.objects
            if entry.instance in labelled.objects
        ]
        return {
            "image": {**record.model_dump(mode="json"), **labelled.image},
            "annotations": annotations,
        }

    def _write(self, path: str, content: bytes) -> FileRecord:
        """Write a file of an image; return its record."""
        write_atomic(self.layout.file(path), content)
        return file_record(path, content)


def _unlabelled(shot: Shot, labelled: Labelled) -> list[str]:
    """Return a sentence for each category with objects that no pixel shows."""
    told = labelled.objects.keys() | labelled.dropped
    hidden = [each.category for each in shot.objects if each.instance not in told]
    return [
        unlabelled_warning(category) for category in dict.fromkeys(hidden) if category is not None
    ]


def failed_line(index: int, shot: Shot | None, cause: str, stage: FailedStage) -> Line:
    """Return the part line of a shot that failed in a stage."""
    return {
        "index": index,
        "failed": cause.encode(errors="replace").decode(),  # it may name a file that is no UTF-8
        "shot": None if shot is None else shot.model_dump(mode="json"),
        "stage": stage,
    }


def quarantined_line(index: int, shot: Line | None, cause: str) -> Line:
    """Return the part line of a shot (as it was dumped) that killed or hung its workers."""
    return {"index": index, "quarantined": True, "failed": cause, "shot": shot}
