"""MOTChallenge: a sequence for each shot that is seen by several cameras, its views as frames.

https://motchallenge.net/instructions: frames, ids and pixels count from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import ClassVar

from renderer.dataset.layout import DatasetError
from renderer.dataset.records import AnnotationRecord, ImageRecord
from renderer.export.checked import category_name, one_line_names, seen_box, told
from renderer.export.format import DatasetHead, Format, Guide, Options, Summary
from renderer.export.sample import Sample
from renderer.export.target import Target
from renderer.truth.kinds.amodal import AmodalFields

_UNDIVIDED = "sequences"
# An orbit has no time of its own; readers want a number.
_FRAME_RATE = 30
_SINGLE = "images of shots with a single view, in which nothing can be tracked"


class Mot(Format[Options]):
    """Tracking as in MOTChallenge: for each shot with several views, which are its frames, img1/,
    gt/gt.txt and seqinfo.ini. Pictures are links where the disk allows it.
    """

    name = "mot"
    carries = ("box", "amodal", "tracks")
    partly: ClassVar[Mapping[str, str]] = {"amodal": "all but the visible share of each object"}
    copies = False

    def guide(self, head: DatasetHead, options: Options) -> Guide:
        """Return what is where, and how things count."""
        del options
        folder = "<split>" if head.splits else _UNDIVIDED
        tracks = "track_id" if "tracks" in head.kinds else "number in its shot"
        return Guide(
            holds=(
                (f"{folder}/<shot>/img1/", "the views of a shot in their order, as frames"),
                (f"{folder}/<shot>/gt/gt.txt", "a line an object and frame"),
                (f"{folder}/<shot>/gt/labels.txt", "the classes, the first is 1"),
                (f"{folder}/<shot>/seqinfo.ini", "number and size of the frames"),
            ),
            conventions=(
                "Columns: frame, id, left, top, width, height, considered (0: to be ignored), "
                "class, visible share of the whole object, also beyond the picture.",
                "All count from 1, pixels too: the first pixel's left is 1. motmetrics knows; "
                "Datumaro does not, and is a pixel off.",
                f"An object's id is its {tracks}, the same in all frames of a sequence.",
                f"Views have no times: frameRate is {_FRAME_RATE} because readers want one.",
                "MOTChallenge's own evaluation knows its 12 classes only; motmetrics takes any.",
            ),
            loading="from pathlib import Path\n"
            "import motmetrics\n"
            'files = sorted(Path().glob("*/*/gt/gt.txt"))\n'
            "for each in files:\n"
            "    print(each.parts[1], len(motmetrics.io.loadtxt(each, min_confidence=1)))\n",
            requires=("motmetrics",),
        )

    def write(
        self, samples: Iterable[Sample], head: DatasetHead, target: Target, options: Options
    ) -> Summary:
        """Write a sequence for each shot, development and side."""
        del options
        classes = {number: at for at, number in enumerate(head.categories, start=1)}
        labels = one_line_names(head.categories, "labels.txt").encode()
        left_out = Counter[str]()
        images = annotations = 0
        for _, group in groupby(samples, key=lambda sample: sample.image.shot):
            for sequence in _sequences(group, head, target, classes, left_out):
                sequence.finish(target, labels)
                images += sequence.frames
                annotations += len(sequence.lines)
        if not images and left_out[_SINGLE]:
            raise DatasetError(
                f"{head.name} has one view of each shot, and tracks go through several: render it "
                "with `camera: {rig: {orbit: {steps: 24, span_deg: 345}}}` for the format mot"
            )
        if "amodal" not in head.kinds:
            left_out["the visible share of objects, which is 1: there are no amodal labels"] = 1
        return Summary(images + left_out[_SINGLE], annotations, told(left_out, sorted(left_out)))


@dataclass
class _Sequence:
    """One sequence, frame by frame.

    Attributes:
        folder: where it lies.
        size: (width, height) of its first frame.
        suffix: of its pictures.
        frames: how many there are yet.
        lines: of gt.txt.

    """

    folder: str
    size: tuple[int, int]
    suffix: str
    frames: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, sample: Sample, target: Target, classes: Mapping[int, int]) -> None:
        """Add the next frame."""
        if (sample.image.width, sample.image.height) != self.size:
            raise DatasetError(
                f"shot {sample.image.shot} has views of several sizes, and a sequence of "
                "MOTChallenge has frames of one"
            )
        self.frames += 1
        target.take(f"{self.folder}/img1/{self.frames:06d}{self.suffix}", sample.picture)
        for record in sample.annotations:
            self.lines.append(_line(self.frames, record, sample.image, classes))

    def finish(self, target: Target, labels: bytes) -> None:
        """Write what is known at its end."""
        target.write(f"{self.folder}/gt/gt.txt", "".join(self.lines).encode())
        target.write(f"{self.folder}/gt/labels.txt", labels)
        facts = {
            "name": self.folder.rpartition("/")[2],
            "imDir": "img1",
            "frameRate": _FRAME_RATE,
            "seqLength": self.frames,
            "imWidth": self.size[0],
            "imHeight": self.size[1],
            "imExt": self.suffix,
        }
        text = "[Sequence]\n" + "".join(f"{key}={value}\n" for key, value in facts.items())
        target.write(f"{self.folder}/seqinfo.ini", text.encode())


def _sequences(
    samples: Iterator[Sample],
    head: DatasetHead,
    target: Target,
    classes: Mapping[int, int],
    left_out: Counter[str],
) -> list[_Sequence]:
    """Return the sequences of one shot; its images come view by view, each in every variant."""
    found: dict[tuple[str, int], _Sequence] = {}
    for sample in samples:
        image = sample.image
        for record in sample.annotations:
            category_name(record, head.categories)
        if len(image.views) < 2:
            left_out[_SINGLE] += 1
            continue
        key = (sample.split, image.variant)
        if key not in found:
            name = f"{image.shot:08d}" + (f"-{image.variant}" if image.variant else "")
            size = (image.width, image.height)
            folder = f"{sample.split or _UNDIVIDED}/{name}"
            found[key] = _Sequence(folder, size, sample.picture.suffix)
        found[key].add(sample, target, classes)
    return list(found.values())


def _line(
    frame: int, record: AnnotationRecord, image: ImageRecord, classes: Mapping[int, int]
) -> str:
    x, y, w, h = seen_box(record, image)
    visible = 1.0
    if isinstance(record, AmodalFields):
        visible = record.visibility * (1 - record.truncation)
    values = (
        frame,
        record.get("track_id", record.instance),
        x + 1,
        y + 1,
        w,
        h,
        int(not record.iscrowd),
        classes[record.category_id],
        f"{visible:.6f}",
    )
    return ",".join(map(str, values)) + "\n"
